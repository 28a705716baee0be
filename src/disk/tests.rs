//! Files replaced, refused, rescued, and what killed runs leave behind.

use super::*;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn files_replace_what_stood_there_and_leave_nothing_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    fs::write(&a, "old").unwrap();
    write_whole(&[(&a, b"new"), (&b, b"second")]).unwrap();
    assert_eq!((fs::read(&a).unwrap(), read(&b).unwrap()), (b"new".to_vec(), b"second".to_vec()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn a_device_is_never_replaced_by_a_file() {
    let refused = check_writable(Path::new("/dev/null")).unwrap_err().to_string();
    assert_eq!(refused, "/dev/null: cannot write it: what stands there is no regular file");
}

#[cfg(unix)]
#[test]
fn a_written_file_has_the_permissions_of_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let [ours, usual] = ["ours", "usual"].map(|name| folder.path().join(name));
    write_whole(&[(&ours, b"x")]).unwrap();
    fs::write(&usual, "x").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&usual));
}

#[test]
fn one_place_that_cannot_be_written_leaves_all_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    fs::write(&a, "old").unwrap();
    fs::create_dir(&b).unwrap();
    let refused = write_whole(&[(&a, b"new"), (&b, b"second")]).unwrap_err().to_string();
    assert!(refused.contains("b: cannot write it: a directory"), "{refused}");
    assert_eq!(fs::read(&a).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn refusals_name_the_file_and_the_systems_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let under = check_writable(&file.join("x")).unwrap_err().to_string();
    assert!(under.starts_with(&file.join("x").display().to_string()) && !under.contains(".refrain-"), "{under}");
    let missing = read(&folder.path().join("none")).unwrap_err().to_string();
    assert!(missing.contains("none: cannot read it: No such file"), "{missing}");
    let folder = read(folder.path()).unwrap_err().to_string();
    assert!(folder.contains("not a regular file"), "{folder}");
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_permissions_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let [file, link, dangling, made] = ["file", "link", "dangling", "made"].map(|name| folder.path().join(name));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("file", &link).unwrap();
    symlink(&made, &dangling).unwrap();
    write_whole(&[(&link, b"new"), (&dangling, b"made")]).unwrap();
    assert_eq!((fs::read(&file).unwrap(), fs::read(&made).unwrap()), (b"new".to_vec(), b"made".to_vec()));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(link.is_symlink() && dangling.is_symlink());
    symlink("round", folder.path().join("round")).unwrap();
    assert!(check_writable(&folder.path().join("round")).is_err());
}

#[cfg(unix)]
#[test]
fn a_file_is_known_under_any_name() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("file"), "").unwrap();
    fs::create_dir(path("sub")).unwrap();
    fs::hard_link(path("file"), path("hard")).unwrap();
    symlink("file", path("soft")).unwrap();
    symlink("none", path("dangling")).unwrap();
    let of = |name: &str| Identity::of(&path(name)).unwrap();
    assert!(["hard", "soft", "sub/../file", "./file"].into_iter().all(|name| of(name) == of("file")));
    assert_eq!(of("dangling"), of("sub/../none"));
    assert_ne!(of("other"), of("none"));
    assert_eq!(Identity::of_open(&File::open(path("hard")).unwrap()), Some(of("file")));
    assert_eq!(Identity::of(Path::new("/dev/null")), None);
}

#[test]
fn what_a_killed_run_left_goes_and_what_is_in_use_or_not_ours_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in [".refrain-abcDEF", ".refrain-notes", ".refrain-a", "x.refrain-abcDEF"] {
        fs::write(path(name), "").unwrap();
    }
    fs::rename(path(".refrain-notes"), path(".refrain-my-notes")).unwrap();
    let in_use = staged::Staged::new(&path("model"), b"weights").unwrap();
    check_writable(&path("model")).unwrap();
    let mut left: Vec<PathBuf> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    left.retain(|place| ![".refrain-my-notes", ".refrain-a", "x.refrain-abcDEF"].map(path).contains(place));
    assert_eq!(left.len(), 1, "{left:?}");
    in_use.persist().unwrap();
    assert_eq!(fs::read(path("model")).unwrap(), b"weights");
}

#[test]
fn a_file_that_cannot_be_written_finds_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("model");
    fs::create_dir(&place).unwrap();
    fs::write(folder.path().join("1-model"), "taken").unwrap();
    let kept = write_beside(&place, b"weights").unwrap();
    assert_eq!((kept.clone(), fs::read(&kept).unwrap()), (folder.path().join("2-model"), b"weights".to_vec()));
    let kept = write_beside(&folder.path().join("gone/rescued-by-tests"), b"weights").unwrap();
    assert!(kept.starts_with(std::env::temp_dir()), "{}", kept.display());
    fs::remove_file(kept).unwrap();
}
