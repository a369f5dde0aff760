//! The pages: plain HTML, no script.

use super::Person;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}\
.warning{background:#fff3cd;border:1px solid #d9b94a;padding:.75rem 1rem;border-radius:6px}\
button{font:inherit;display:block;width:100%;text-align:left;margin:.5rem 0;padding:.75rem 1rem;border:1px solid #888;\
border-radius:6px;background:#fff;cursor:pointer}button:hover,button:focus{border-color:#0b57d0;outline:2px solid #0b57d0}\
input[type=text]{font:inherit;letter-spacing:.15em;padding:.5rem;width:12rem;text-transform:uppercase}small{color:#555}";

/// The first page: what this is.
pub(super) fn home(url: &str, people: &[Person]) -> String {
    let list: String = people
        .iter()
        .map(|person| {
            format!(
                "<li><b>{}</b> ({})</li>",
                escape(&person.subject),
                escape(&describe(person))
            )
        })
        .collect();
    page(
        "Development issuer",
        &format!(
            "<p>An OpenID Connect issuer for trying Portcullis out. It vouches for:</p><ul>{list}</ul>\
             <p>Discovery: <a href=\"{url}/.well-known/openid-configuration\">{url}/.well-known/openid-configuration</a></p>\
             <p>A device shows you a code? <a href=\"/device\">Enter it here.</a></p>",
            url = escape(url)
        ),
    )
}

/// Who do you want to be, for the program `client`?
pub(super) fn choose(request: &str, client: &str, people: &[Person]) -> String {
    page(
        "Who are you?",
        &format!(
            "<p><b>{}</b> asks who you are. Choose; no password is asked for.</p><form method=\"post\" action=\"/authorize\">\
             <input type=\"hidden\" name=\"request\" value=\"{}\">{}</form>",
            escape(client),
            escape(request),
            buttons(people)
        ),
    )
}

/// The code that a device shows, and who to be.
pub(super) fn device(user_code: &str, people: &[Person], problem: Option<&str>) -> String {
    let problem = problem
        .map(|text| format!("<p role=\"alert\"><b>{}</b></p>", escape(text)))
        .unwrap_or_default();
    page(
        "Connect a device",
        &format!(
            "{problem}<form method=\"post\" action=\"/device\"><p><label>The code that the device shows<br>\
             <input type=\"text\" name=\"user_code\" value=\"{}\" maxlength=\"9\" required></label></p>{}\
             <button name=\"who\" value=\"\">Refuse <small>the device gets nothing</small></button></form>",
            escape(user_code),
            buttons(people)
        ),
    )
}

/// A page that says one thing.
pub(super) fn message(title: &str, text: &str) -> String {
    page(title, &format!("<p>{}</p>", escape(text)))
}

fn buttons(people: &[Person]) -> String {
    people
        .iter()
        .map(|person| {
            format!(
                "<button name=\"who\" value=\"{}\">{} <small>{}</small></button>",
                escape(&person.subject),
                escape(&person.name),
                escape(&describe(person))
            )
        })
        .collect()
}

fn describe(person: &Person) -> String {
    let mut text = person.kind.clone();
    if let Some(sponsor) = &person.sponsor {
        text.push_str(&format!(" that works for {sponsor}"));
    }
    if !person.groups.is_empty() {
        text.push_str(&format!(", in {}", person.groups.join(", ")));
    }
    text
}

fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>\
         <p class=\"warning\"><b>For development only.</b> Anybody can be anybody here. Never trust this issuer with a cluster that matters.</p>\
         {body}</body></html>"
    )
}

/// Text that is safe between tags and inside quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}
