//! Patterns of file names: `*` and `?` inside of a name, `**` for any folders.

/// Whether a path, given by its parts, fits a pattern.
pub(super) fn fits(pattern: &str, path: &[&str]) -> bool {
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts_fit(&parts, path)
}

fn parts_fit(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**", rest @ ..], _) => {
            parts_fit(rest, path) || path.split_first().is_some_and(|(_, deeper)| parts_fit(pattern, deeper))
        }
        ([name, rest @ ..], [first, deeper @ ..]) => {
            let (name, first): (Vec<char>, Vec<char>) = (name.chars().collect(), first.chars().collect());
            name_fits(&name, &first) && parts_fit(rest, deeper)
        }
        _ => false,
    }
}

fn name_fits(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where the last star stood, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p).is_some_and(|letter| *letter == '?' || *letter == name[n]) {
            p += 1;
            n += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            n = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_inside_of_a_name_and_double_stars_do_not() {
        let fit = |pattern: &str, path: &str| fits(pattern, &path.split('/').collect::<Vec<_>>());
        assert!(fit("*.csv", "a.csv") && !fit("*.csv", "x/a.csv") && !fit("*.csv", "a.txt"));
        assert!(fit("**/*.csv", "a.csv") && fit("**/*.csv", "x/y/a.csv"));
        assert!(fit("data/**", "data/a/b") && !fit("data/**", "other/a"));
        assert!(fit("a?c*e", "abcde") && fit("a?c*e", "abce") && !fit("a?c*e", "ace"));
        assert!(fit("./x/*", "x/ü") && !fit("", "a"));
        assert!(!fits(&"*a".repeat(30), &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"]));
    }
}
