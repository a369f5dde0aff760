use super::*;

#[test]
fn as_kubernetes_reads_them() {
    for (selector, name) in [
        ("", Ok(None)),
        (",", Ok(None)),
        ("a=b", Ok(None)),
        ("metadata.name=a", Ok(Some("a"))),
        ("metadata.name==a", Ok(Some("a"))),
        ("metadata.name!=a", Ok(None)),
        ("metadata.name=", Ok(Some(""))),
        ("metadata.name=b,metadata.name=a", Ok(Some("a"))),
        ("metadata.name=b,metadata.name==a", Ok(Some("a"))),
        ("x=y,metadata.name=a,", Ok(Some("a"))),
        ("metadata.name=a\\,b", Ok(Some("a,b"))),
        ("metadata.name=a\\=b", Ok(Some("a=b"))),
        ("metadata.name=a\\\\", Ok(Some("a\\"))),
        ("metadata.name=a=b", Err(Invalid)),
        ("metadata.name===a", Err(Invalid)),
        ("metadata.name=a\\", Err(Invalid)),
        ("metadata.name=a\\b", Err(Invalid)),
        ("metadata.name", Err(Invalid)),
        ("metadata.name=a,b", Err(Invalid)),
        ("!a", Err(Invalid)),
        ("a!b=c", Ok(None)),
        ("=a", Ok(None)),
        ("metadata.name =a", Ok(None)),
    ] {
        assert_eq!(exact_name(selector), name.map(|name| name.map(str::to_owned)), "{selector}");
    }
}
