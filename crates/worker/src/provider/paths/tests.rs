use super::*;

fn allowed(paths: &str) -> AllowedPaths {
    AllowedPaths::parse(Some(paths)).expect("paths")
}

#[test]
fn a_path_is_allowed_under_a_directory_and_not_beside_it() {
    let allowed = allowed("/proc,/usr/./lib/..");
    for path in ["/proc", "/proc/self/status", "/usr/lib", "/proc/../proc/self", "/usr/lib/../../proc/x"] {
        assert!(allowed.allow(path).is_some(), "{path}");
    }
    for path in ["/", "/etc/passwd", "/procs", "/proc/../etc/passwd", "proc/self", "", "/usr/../etc"] {
        assert!(allowed.allow(path).is_none(), "{path}");
    }
}

#[test]
fn without_a_list_every_path_is_allowed_as_it_is_written() {
    for text in [None, Some("")] {
        let allowed = AllowedPaths::parse(text).expect("paths");
        assert_eq!(allowed.allow("a/../b"), Some(PathBuf::from("a/../b")));
    }
}

#[test]
fn a_list_is_of_absolute_paths_that_are_there() {
    let refused = |text| AllowedPaths::parse(Some(text)).expect_err("an error");
    assert_eq!(refused("/proc,lib"), "Path lib is not absolute");
    assert_eq!(refused("/proc, /usr"), "Path  /usr is not absolute");
    assert_eq!(refused("/no/such/place"), "Path /no/such/place does not exist");
}
