//! Forms: labels, help and errors that belong to their fields, and the session's token.

use maud::{Markup, html};

use crate::gate::Visit;

/// A form that changes something, with the session's token.
#[expect(clippy::needless_pass_by_value, reason = "markup is written where it is handed in")]
pub(crate) fn post(visit: &Visit, action: &str, content: Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name="csrf" value=(visit.session.csrf);
            (content)
        }
    }
}

/// One of several to choose from.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) help: String,
}

impl Choice {
    pub(crate) fn new(value: &str, label: &str) -> Self {
        Self { value: value.to_owned(), label: label.to_owned(), help: String::new() }
    }
}

/// What is asked for, and what was wrong with the answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Field<'a> {
    /// Its name in the form, and its id on the page.
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) help: &'a str,
    pub(crate) error: Option<&'a str>,
    pub(crate) required: bool,
    silent: bool,
}

impl<'a> Field<'a> {
    pub(crate) fn new(name: &'a str, label: &'a str) -> Self {
        Self { name, label, ..Self::default() }
    }

    pub(crate) fn help(self, help: &'a str) -> Self {
        Self { help, ..self }
    }

    pub(crate) fn error(self, error: Option<&'a str>) -> Self {
        Self { error, ..self }
    }

    pub(crate) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// What else tells about it, for who cannot see the page.
    pub(super) fn described_by(&self) -> Option<String> {
        let help = (!self.help.is_empty()).then(|| format!("{}-help", self.name));
        let error = self.error.map(|_| format!("{}-error", self.name));
        let ids: Vec<String> = [error, help].into_iter().flatten().collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// Left empty is an answer too, and no label has to say so.
    pub(crate) fn silent(self) -> Self {
        Self { silent: true, ..self }
    }

    pub(super) fn invalid(&self) -> Option<&'static str> {
        self.error.map(|_| "true")
    }

    fn notes(&self) -> Markup {
        html! {
            @if let Some(error) = self.error { p.error id={ (self.name) "-error" } { (error) } }
            @if !self.help.is_empty() { p.help id={ (self.name) "-help" } { (self.help) } }
        }
    }

    /// An input with everything that belongs to it.
    #[expect(clippy::needless_pass_by_value, reason = "markup is written where it is handed in")]
    pub(super) fn around(&self, input: Markup) -> Markup {
        html! {
            div.field {
                label for=(self.name) { (self.label) @if !self.required && !self.silent { " " span.optional { "optional" } } }
                (input)
                (self.notes())
            }
        }
    }

    /// Asks for a line of text.
    pub(crate) fn text(&self, kind: &str, value: &str) -> Markup {
        self.around(html! {
            input type=(kind) id=(self.name) name=(self.name) value=(value) required[self.required]
                autocomplete="off" aria-describedby=[self.described_by()] aria-invalid=[self.invalid()];
        })
    }

    /// Asks for one of several in a list.
    pub(crate) fn select(&self, choices: &[Choice], chosen: &str) -> Markup {
        self.around(html! {
            select id=(self.name) name=(self.name) required[self.required]
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()] {
                @for choice in choices {
                    option value=(choice.value) selected[choice.value == chosen] { (choice.label) }
                }
            }
        })
    }

    fn group(&self, kind: &str, choices: &[Choice], is_chosen: impl Fn(&str) -> bool) -> Markup {
        html! {
            fieldset.field aria-describedby=[self.described_by()] {
                legend { (self.label) @if !self.required && !self.silent { " " span.optional { "optional" } } }
                (self.notes())
                @for (place, choice) in choices.iter().enumerate() {
                    @let id = format!("{}-{place}", self.name);
                    div.choice {
                        input type=(kind) id=(id) name=(self.name) value=(choice.value)
                            checked[is_chosen(&choice.value)]
                            aria-describedby=[(!choice.help.is_empty()).then(|| format!("{id}-help"))];
                        div {
                            label for=(id) { (choice.label) }
                            @if !choice.help.is_empty() { p.help id={ (id) "-help" } { (choice.help) } }
                        }
                    }
                }
            }
        }
    }

    /// Asks for one of several, each with what choosing it means.
    pub(crate) fn radios(&self, choices: &[Choice], chosen: &str) -> Markup {
        self.group("radio", choices, |value| value == chosen)
    }

    /// Asks for any of several.
    pub(crate) fn checkboxes(&self, choices: &[Choice], is_chosen: impl Fn(&str) -> bool) -> Markup {
        self.group("checkbox", choices, is_chosen)
    }
}
