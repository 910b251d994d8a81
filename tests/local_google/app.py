"""An app that people connect their Gmail to: consent, codes and refresh tokens by plain HTTP."""

from urllib.parse import parse_qs, urlencode, urlsplit

from infra.local.google.oauth import challenge

ADA = "ada@fund.example"
BACK = "http://127.0.0.1:5000/oauth/callback"
BASE = "https://www.googleapis.com/auth/"
READONLY, METADATA, MODIFY = (f"{BASE}gmail.{name}" for name in ("readonly", "metadata", "modify"))
VERIFIER = "v" * 43


class App:
    """One registered OAuth client."""

    def __init__(self, google, **told):
        self.google = google
        self.web = google.control("oauth-clients", {"redirectUris": [BACK]} | told)["web"]
        self.id, self.secret = self.web["client_id"], self.web["client_secret"]

    def url(self, **more):
        """Return the consent page's path; None leaves a parameter out."""
        told = {
            "client_id": self.id, "redirect_uri": BACK, "response_type": "code", "scope": READONLY, "state": "s&1",
            "access_type": "offline", "code_challenge": challenge(VERIFIER), "code_challenge_method": "S256",
        } | more  # fmt: skip
        query = urlencode({name: value for name, value in told.items() if value is not None})
        return f"/o/oauth2/v2/auth?{query}"

    def decide(self, decision="allow", account=ADA, ticked=(), **more):
        """Post the page's form; return the answer as it comes."""
        fields = [("decision", decision), ("account", account), *(("scope", one) for one in ticked)]
        return self.google.send(
            "POST", self.url(**more), body=urlencode(fields), redirect=False,
            headers={"content-type": "application/x-www-form-urlencoded"},
        )  # fmt: skip

    def sent_back(self, **more):
        """Post the page's form; return what the redirect carries."""
        answer = self.decide(**more)
        assert answer.status == 302, answer.data
        place, query = answer.headers["location"].split("?", 1)
        assert place == urlsplit(BACK)._replace(query="").geturl()
        return {name: values[-1] for name, values in parse_qs(query).items()}

    def ask(self, **form):
        """Ask the token endpoint as this client; return status and JSON."""
        form = {"client_id": self.id, "client_secret": self.secret} | form
        form = {name: value for name, value in form.items() if value is not None}
        answer = self.google.send("POST", "/token", fields=form, encode_multipart=False)
        return answer.status, answer.json()

    def exchange(self, code, **more):
        told = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
        }
        return self.ask(**told | more)

    def refresh(self, token, **more):
        return self.ask(grant_type="refresh_token", refresh_token=token, **more)

    def connect(self, **more):
        """Go the whole way; return the token endpoint's answer."""
        status, answer = self.exchange(self.sent_back(**more)["code"])
        assert status == 200, answer
        return answer

    def revoke(self, token):
        return self.google.send("POST", "/revoke?" + urlencode({"token": token})).status
