//! `SameSite`: which cookies come along from another site.

use super::Site;
use super::driver::Browser;

#[test]
fn cookies_come_along_as_they_say() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app);
    let home = |path: &str| site.https("one.test", path);
    for same_site in ["strict", "lax", "none"] {
        let set = format!("/set?name={same_site}&value=1&sameSite={same_site}");
        browser.open(&home(&set));
    }
    let kept: Vec<_> = browser
        .jar()
        .into_iter()
        .map(|kept| kept.same_site.unwrap_or_default())
        .collect();
    assert_eq!(kept, ["Lax", "None", "Strict"]);

    let names = home("/names");
    let elsewhere = |browser: &mut Browser| {
        browser.open(&site.https("two.test", "/names"));
    };
    assert_eq!(browser.open(&names), "lax none strict");
    assert_eq!(browser.link(&names), "lax none strict", "from its own page");
    assert_eq!(browser.frame(&names), "lax none strict", "in its own page");
    elsewhere(&mut browser);
    assert_eq!(browser.link(&names), "lax none");
    elsewhere(&mut browser);
    assert_eq!(browser.form(&names), "none");
    elsewhere(&mut browser);
    assert_eq!(browser.frame(&names), "none");
}
