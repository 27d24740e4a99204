use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use super::*;

/// A directory with files, and providers that look into it.
struct Stage {
    directory: TempDir,
    providers: Providers,
}

impl Stage {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        let write = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory is made");
            fs::write(path, bytes).expect("a file is written");
        };
        write("in/db.properties", "user=bob\npass = gehe\\u0069m-äöü \nempty=\ncolon\\:key=c\n".as_bytes());
        write("in/token", b"from a file\n");
        write("in/sub/deep", b"deep");
        write("in/bytes", b"\xff\xfe");
        write("in/latin.properties", b"k=\xe9\n");
        write("in/torn.properties", b"secret=hush-hush\nk=\\uXY\n");
        write("in/large.properties", &[b'a'; (1 << 20) + 1]);
        write("out/db.properties", b"user=outside\n");
        symlink(directory.path().join("out/db.properties"), directory.path().join("in/link"))
            .expect("a link");
        let inside = directory.path().join("in").display().to_string();
        let worker = properties(&[
            ("config.providers", "file, dir,env,open,nothing"),
            ("config.providers.file.class", "org.apache.kafka.common.config.provider.FileConfigProvider"),
            ("config.providers.file.param.allowed.paths", &inside),
            ("config.providers.dir.class", "DirectoryConfigProvider"),
            ("config.providers.env.class", "EnvVarConfigProvider"),
            ("config.providers.env.param.allowlist.pattern", "PUBLIC_.*|A"),
            ("config.providers.open.class", "File"),
            ("config.providers.open.param.ttl.ms", "5000"),
        ]);
        let environment = [("PUBLIC_X", "seen"), ("PRIVATE_X", "unseen"), ("AB", "unseen")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { providers: Providers::of(&worker, &environment).expect("providers"), directory }
    }

    /// What a value comes to; `IN` and `OUT` in it are directories.
    fn value(&self, text: &str) -> Result<String, String> {
        let directory = self.directory.path().display().to_string();
        let place = |text: &str| {
            text.replace("IN", &format!("{directory}/in")).replace("OUT", &format!("{directory}/out"))
        };
        let config = properties(&[("password", &place(text))]);
        let resolved = self.providers.resolve(&config);
        let shown = |text: &str| {
            text.replace(&format!("{directory}/in"), "IN").replace(&format!("{directory}/out"), "OUT")
        };
        resolved
            .map(|resolved| shown(&resolved.properties["password"]))
            .map_err(|error| shown(&error.to_string()))
    }

    fn check(&self, text: &str, expected: &str) {
        assert_eq!(self.value(text).as_deref(), Ok(expected), "{text}");
    }

    fn refuses(&self, text: &str, expected: &str) {
        assert_eq!(self.value(text).expect_err(text), expected, "{text}");
    }

    fn stays(&self, text: &str) {
        self.check(text, text);
    }
}

fn properties(entries: &[(&str, &str)]) -> Properties {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn variables_of_files_directories_and_the_environment_become_values() {
    let stage = Stage::new();
    stage.check("${file:IN/db.properties:user}", "bob");
    stage.check("${file:IN/db.properties:pass}", "geheim-äöü ");
    stage.check("${file:IN/db.properties:empty}", "");
    stage.check("${file:IN/db.properties:colon:key}", "c");
    stage.check("${dir:IN:token}", "from a file\n");
    stage.check("${env:PUBLIC_X}", "seen");
    stage.check("${env::PUBLIC_X}", "seen");
    stage.check(
        "a ${env:PUBLIC_X}-${file:IN/db.properties:user}${dir:IN:token} z",
        "a seen-bobfrom a file\n z",
    );
}

#[test]
fn what_no_provider_has_stays_as_it_is() {
    let stage = Stage::new();
    for text in [
        "${file:IN/db.properties:nope}",
        "${file::user}",
        "${file:user}",
        "${dir:IN:nope}",
        "${dir:IN:sub}",
        "${dir:IN:sub/deep}",
        "${dir:IN:../out/db.properties}",
        "${dir:IN/token:token}",
        "${dir:IN/none:token}",
        "${env:PRIVATE_X}",
        "${env:AB}",
        "${env:NOPE}",
        "${env: PUBLIC_X}",
        "${ENV:PUBLIC_X}",
        "${nothing:a:b}",
        "${other:a:b}",
        "${topic}",
        "${a ${env:PUBLIC_X}",
        "${env:PUBLIC_X",
        "",
    ] {
        stage.stays(text);
    }
    stage.check("${a} ${env:PUBLIC_X}}", "${a} seen}");
    stage.check("$${env:PUBLIC_X}", "$seen");
}

#[test]
fn a_path_has_to_be_allowed_and_is_compared_as_it_is_written() {
    let stage = Stage::new();
    stage.stays("${file:OUT/db.properties:user}");
    stage.stays("${file:IN/../out/db.properties:user}");
    stage.check("${file:IN/sub/../db.properties:user}", "bob");
    stage.check("${file:IN/link:user}", "outside");
    stage.check("${open:IN/../out/db.properties:user}", "outside");
}

#[test]
fn what_cannot_be_read_is_told_with_its_key_and_file_and_not_with_what_is_in_it() {
    let stage = Stage::new();
    let variable = |path: &str| format!("${{file:IN/{path}:k}}");
    let words = |path: &str, reason: &str| {
        let variable = variable(path);
        format!(
            "cannot resolve {variable} for configuration password: Could not read properties from file IN/{path}: \
             {reason}"
        )
    };
    for (path, reason) in [
        ("none", "No such file or directory (os error 2)"),
        ("sub", "it is a directory"),
        ("latin.properties", "it is not text in UTF-8"),
        ("torn.properties", "line 2: malformed \\uXXXX in the value of `k`"),
        ("large.properties", "it is larger than 1048576 bytes"),
    ] {
        stage.refuses(&variable(path), &words(path, reason));
    }
    stage.refuses(
        "${dir:IN:bytes}",
        "cannot resolve ${dir:IN:bytes} for configuration password: Could not read file IN/bytes for property bytes: it \
         is not text in UTF-8",
    );
    stage.refuses(
        "${env:p:X}",
        "cannot resolve ${env:p:X} for configuration password: Path is not supported for EnvVarConfigProvider, invalid \
         value 'p'",
    );
    stage.refuses(
        "${open:/dev/zero:k}",
        "cannot resolve ${open:/dev/zero:k} for configuration password: Could not read properties from file /dev/zero: it \
         is not a regular file",
    );
}

#[test]
fn wrong_providers_are_refused_all_at_once() {
    let worker = properties(&[
        ("config.providers", "a,b,c,d,e"),
        ("config.providers.a.class", "com.example.VaultConfigProvider"),
        ("config.providers.b.class", "FileConfigProvider"),
        ("config.providers.b.param.allowed.paths", "here"),
        ("config.providers.c.class", "EnvVarConfigProvider"),
        ("config.providers.c.param.allowlist.pattern", "("),
        ("config.providers.d.class", "DirectoryConfigProvider"),
        ("config.providers.d.param.ttl.ms", "99"),
    ]);
    let problems = Providers::of(&worker, &Environment::new()).expect_err("problems").0;
    let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    let expected = ["a.class", "b.param.allowed.paths", "c.param.allowlist.pattern", "d.param.ttl.ms"];
    assert_eq!(keys, expected.map(|end| format!("config.providers.{end}")));
    assert_eq!(
        problems[1].message,
        "Invalid value here for configuration config.providers.b.param.allowed.paths: Path here is not absolute"
    );
}

#[test]
fn values_hold_as_long_as_their_provider_says() {
    let stage = Stage::new();
    let path = |name: &str| stage.directory.path().join(name).display().to_string();
    let ttl = |text: &str| stage.providers.resolve(&properties(&[("k", text)])).expect("it is resolved").ttl;
    assert_eq!(ttl(&format!("${{file:{}:user}}", path("in/db.properties"))), None);
    assert_eq!(ttl(&format!("${{open:{}:user}}", path("in/db.properties"))), Some(Duration::from_secs(5)));
}

#[test]
fn another_value_is_another_mark() {
    let stage = Stage::new();
    let file = stage.directory.path().join("in/db.properties");
    let config = properties(&[("k", &format!("${{open:{}:user}}", file.display()))]);
    let mark = || stage.providers.mark(&stage.providers.resolve(&config).expect("it is resolved"));
    let before = mark();
    assert_eq!(before, mark());
    fs::write(Path::new(&file), "user=eve\n").expect("the file is written");
    assert_ne!(before, mark());
}

#[test]
fn the_configuration_of_a_task_gets_its_variables_back() {
    let stage = Stage::new();
    let path = stage.directory.path().join("in/db.properties").display().to_string();
    let variable = format!("${{file:{path}:pass}}");
    let config = properties(&[
        ("password", &variable),
        ("url", &format!("jdbc:x?p={variable}&n=${{env:PUBLIC_X}}")),
        ("plain", "p"),
    ]);
    let resolved = stage.providers.resolve(&config).expect("it is resolved");
    let secret = &resolved.properties["password"];
    let mut task = resolved.properties.clone();
    task.insert("copy".to_owned(), secret.clone());
    task.insert("part".to_owned(), format!("user:{secret}@host"));
    resolved.restore(&config, &mut task);
    assert_eq!(task["password"], variable);
    assert_eq!(task["url"], config["url"]);
    assert_eq!(task["plain"], "p");
    assert_eq!(task["copy"], variable);
    assert_eq!(task["part"], format!("user:{variable}@host"));
    let again = stage.providers.resolve(&task).expect("it is resolved");
    assert_eq!(again.properties["part"], format!("user:{secret}@host"));
}

#[test]
fn what_was_resolved_is_hidden_from_then_on() {
    let stage = Stage::new();
    stage.check("${file:IN/db.properties:pass}", "geheim-äöü ");
    let hidden = stage.providers.secrets().hide("wrong password geheim-äöü!").into_owned();
    assert!(hidden.starts_with("wrong password ${file:") && hidden.ends_with(":pass}!"), "{hidden}");
    let debug = format!("{:?}", stage.providers);
    assert!(!debug.contains("geheim") && !debug.contains("seen"), "{debug}");
}
