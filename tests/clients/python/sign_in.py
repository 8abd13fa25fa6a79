"""A person at a browser: the sign-in and consent pages of the stand-in, filled in and sent."""

from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests


class Form(HTMLParser):
    """The one form of a page."""

    def __init__(self, html):
        super().__init__()
        self.action, self.step, self.fields = None, None, {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.action, self.step = attrs["action"], attrs.get("data-step")
        elif tag == "input" and attrs.get("type") == "hidden":
            self.fields[attrs["name"]] = attrs.get("value", "")


def redirect_of(url, username, password, ca):
    """Signs in and accepts, and gives the URL that the browser is sent to, or has posted to."""
    with requests.Session() as browser:
        browser.verify = ca
        page = browser.get(url, allow_redirects=False)
        while not page.is_redirect:
            form = Form(page.text)
            if form.step == "sign-in":
                form.fields.update(username=username, password=password)
            elif form.step == "consent":
                form.fields["answer"] = "accept"
            elif form.step == "return":
                # response_mode=form_post: Microsoft's page submits itself.
                browser.post(form.action, data=form.fields, timeout=30)
                return form.action
            else:
                raise AssertionError(f"an unexpected page, status {page.status_code}:\n{page.text}")
            page = browser.post(urljoin(page.url, form.action), data=form.fields, allow_redirects=False)
        return page.headers["location"]


def parameters_of(url):
    """The parameters of a callback."""
    return dict(parse_qsl(urlsplit(url).query))
