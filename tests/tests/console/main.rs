//! The web console: in requests that nobody's browser would send, and in a browser.
//!
//! The browser is Chromium, where there is one (`CHROMIUM` names another file). Where there is none a test
//! says so on the terminal and passes; with `BROWSER=required` in the environment it fails.

mod accessibility;
mod appointments;
mod browser;
mod connecting;
mod dashboard;
mod forms;
mod fuzz;
mod joining;
mod many;
mod roles;
mod screenshots;
mod signing_in;
mod stage;
mod tour;
mod without_scripts;
