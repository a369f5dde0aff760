//! The approver's page.

#[path = "page/in_a_browser.rs"]
mod in_a_browser;
