//! Gives every type one name: unique, not reserved, short enough, and the same on every run.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{LONGEST, camel, is_reserved, shorten};

/// One type that wants a name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claim {
    /// The lowest rank keeps a name that several want; 0 is a name that people chose.
    pub(crate) rank: u8,
    /// Names in order of preference.
    pub(crate) candidates: Vec<String>,
}

/// The names, in the order of `claims`. Those who want the same name with the same rank all move on to their
/// next candidate, so no name depends on the order of the sources. `taken` holds names in use, in lower case.
pub(crate) fn allocate(claims: &[Claim], taken: &BTreeSet<String>) -> Result<Vec<String>, String> {
    let lists: Vec<Vec<String>> = claims.iter().map(|claim| usable(claim, taken)).collect();
    let mut at = vec![0; claims.len()];
    loop {
        let mut wanted: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (who, list) in lists.iter().enumerate() {
            let name = list.get(at[who]).ok_or_else(|| {
                format!(
                    "no free name for a type that would like to be called {:?}; choose one in overrides.json, names",
                    claims[who].candidates
                )
            })?;
            wanted.entry(name.to_lowercase()).or_default().push(who);
        }
        let mut moved = false;
        for rivals in wanted.values().filter(|rivals| rivals.len() > 1) {
            moved = true;
            // Of equal ranks, the one that likes the name best.
            let claim = |who: usize| (claims[who].rank, at[who]);
            let best = rivals.iter().map(|who| claim(*who)).min().unwrap_or_default();
            let keeps = rivals.iter().filter(|who| claim(**who) == best).count() == 1;
            let moving: Vec<usize> = rivals.iter().copied().filter(|who| !(keeps && claim(*who) == best)).collect();
            // A rival without another name stays when that settles the matter.
            let last = |who: &usize| at[*who] + 1 >= lists[*who].len();
            let stuck: Vec<usize> = rivals.iter().copied().filter(last).collect();
            for who in moving {
                at[who] += usize::from(keeps || stuck != [who]);
            }
        }
        if !moved {
            return Ok(lists.iter().zip(at).map(|(list, at)| list[at].clone()).collect());
        }
    }
}

fn usable(claim: &Claim, taken: &BTreeSet<String>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let mut add = |name: String| {
        let name = if name.is_ascii() { name } else { camel(&name) };
        let free = !taken.contains(&name.to_lowercase()) && (claim.rank == 0 || !is_reserved(&name));
        if free && !list.contains(&name) {
            list.push(name);
        }
    };
    // A name that fits as it is beats one that has to lose words.
    let fits = |name: &&String| claim.rank == 0 || name.len() <= LONGEST;
    claim.candidates.iter().filter(fits).for_each(|name| add(name.clone()));
    for name in claim.candidates.iter().filter(|name| !fits(name)) {
        [1, 2].into_iter().for_each(|from| add(shorten(name, from)));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(rank: u8, names: &[&str]) -> Claim {
        Claim { rank, candidates: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    fn names(claims: &[Claim]) -> Vec<String> {
        allocate(claims, &BTreeSet::new()).unwrap()
    }

    #[test]
    fn equals_who_want_one_name_both_take_their_longer_one() {
        assert_eq!(
            names(&[claim(2, &["Usage", "RunUsage"]), claim(2, &["Usage", "StepUsage"])]),
            ["RunUsage", "StepUsage"]
        );
    }

    #[test]
    fn the_lower_rank_keeps_the_name() {
        assert_eq!(names(&[claim(5, &["Usage", "RunUsage"]), claim(1, &["Usage"])]), ["RunUsage", "Usage"]);
    }

    #[test]
    fn names_that_differ_in_case_only_count_as_one() {
        assert_eq!(
            names(&[claim(2, &["McpTool", "AMcpTool"]), claim(2, &["MCPTool", "BMCPTool"])]),
            ["AMcpTool", "BMCPTool"]
        );
    }

    #[test]
    fn a_reserved_name_is_passed_over_unless_people_chose_it() {
        assert_eq!(names(&[claim(5, &["Result", "SearchResult"]), claim(0, &["Data"])]), ["SearchResult", "Data"]);
    }

    #[test]
    fn a_type_without_a_free_name_is_an_error_that_says_what_to_do() {
        let error = allocate(&[claim(2, &["A"]), claim(2, &["A"])], &BTreeSet::new()).unwrap_err();
        assert!(error.contains("overrides.json"), "{error}");
    }
}
