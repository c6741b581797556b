//! The one matcher of a router: a tree of the segments of its paths.
//!
//! Where several paths fit, the more literal segment wins, from the left: text, then a parameter with text around it, then
//! a parameter, then a wildcard. A path that fits and has no route for the method gives way to the next one. Each node is
//! visited at most once.

use http::Method;

use crate::controller::beginnings::{Beginning, Beginnings};
use crate::controller::captures::Captures;
use crate::controller::route::{Route, Verb};

/// Routes, to be found by method and path.
#[derive(Default)]
pub(crate) struct Matcher {
    root: Node,
    entries: Vec<Entry>,
}

/// A route, and where its handler is.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) route: &'static Route,
    pub(crate) controller: usize,
    pub(crate) index: usize,
}

/// What fits a path up to here.
#[derive(Default)]
struct Node {
    /// Those that begin alike stand together.
    literals: Vec<Literal>,
    beginnings: Beginnings,
    /// The one with the longest text first.
    affixed: Vec<Affixed>,
    parameter: Option<Box<Node>>,
    wildcard: Leaf,
    /// Whether there are parameters with text around them, or a wildcard.
    forks: bool,
    end: Leaf,
}

/// A text: `posts`.
struct Literal {
    text: Box<str>,
    node: Node,
}

/// A parameter with text around it: `:name.json`.
struct Affixed {
    prefix: Box<str>,
    suffix: Box<str>,
    node: Node,
}

/// The routes of one path, by the column of the method.
#[derive(Default)]
struct Leaf {
    verbs: [Option<usize>; COLUMNS],
    answers: [Option<usize>; COLUMNS],
}

const COLUMNS: usize = 8;
const GET: usize = 0;
const HEAD: usize = 1;
/// Every other method, and `#[all]`.
const OTHER: usize = 7;

/// One segment of a pattern.
enum Segment<'p> {
    Literal(&'p str),
    Parameter { prefix: &'p str, suffix: &'p str },
    Wildcard,
}

/// A path as it is walked.
struct Walk<'p> {
    path: &'p [u8],
    /// The same without a slash at its end.
    segments: &'p [u8],
    column: usize,
}

impl Matcher {
    /// Adds the routes of a controller.
    pub(crate) fn add(&mut self, routes: &'static [Route], controller: usize) {
        for (index, route) in routes.iter().enumerate() {
            let number = self.entries.len();
            self.entries.push(Entry {
                route,
                controller,
                index,
            });
            self.root.leaf(route.path).insert(route.verb, number);
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The route for a request; its parameters in `path` are put into `captures`.
    #[inline]
    pub(crate) fn find(
        &self,
        method: &Method,
        path: &str,
        captures: &mut Captures,
    ) -> Option<&Entry> {
        let walk = Walk::new(path, column(method));
        let number = walk.find(&self.root, walk.start()?, captures)?;
        self.entries.get(number)
    }

    /// Every route whose path fits, in the order in which they were added.
    pub(crate) fn all(&self, path: &str) -> Vec<Entry> {
        let walk = Walk::new(path, OTHER);
        let mut numbers = Vec::new();
        if let Some(start) = walk.start() {
            walk.collect(&self.root, start, &mut numbers);
        }
        numbers.sort_unstable();
        numbers
            .iter()
            .filter_map(|number| self.entries.get(*number).copied())
            .collect()
    }
}

impl Node {
    /// The leaf of a pattern, which is made where there is none.
    fn leaf(&mut self, pattern: &str) -> &mut Leaf {
        let mut node = self;
        for segment in segments(pattern) {
            node = match segment {
                Segment::Literal(text) => node.literal(text),
                Segment::Wildcard => {
                    node.forks = true;
                    return &mut node.wildcard;
                }
                Segment::Parameter {
                    prefix: "",
                    suffix: "",
                } => node.parameter.get_or_insert_default(),
                Segment::Parameter { prefix, suffix } => node.affix(prefix, suffix),
            };
        }
        &mut node.end
    }

    fn literal(&mut self, text: &str) -> &mut Self {
        let known = self.literals.iter().position(|known| *known.text == *text);
        let at = known.unwrap_or_else(|| {
            let order = |text: &str| (Beginning::of(text.as_bytes()), text.len());
            let at = self
                .literals
                .partition_point(|known| order(&known.text) <= order(text));
            let literal = Literal {
                text: text.into(),
                node: Self::default(),
            };
            self.literals.insert(at, literal);
            self.beginnings = Beginnings::of(self.literals.iter().map(|literal| &*literal.text));
            at
        });
        &mut self.literals[at].node
    }

    fn affix(&mut self, prefix: &str, suffix: &str) -> &mut Self {
        self.forks = true;
        let known = |known: &Affixed| *known.prefix == *prefix && *known.suffix == *suffix;
        let at = self.affixed.iter().position(known).unwrap_or_else(|| {
            let length = prefix.len() + suffix.len();
            let longer = |known: &Affixed| known.prefix.len() + known.suffix.len() >= length;
            let at = self.affixed.partition_point(longer);
            let node = Self::default();
            self.affixed.insert(
                at,
                Affixed {
                    prefix: prefix.into(),
                    suffix: suffix.into(),
                    node,
                },
            );
            at
        });
        &mut self.affixed[at].node
    }
}

impl Leaf {
    fn insert(&mut self, verb: Verb, number: usize) {
        let column = match verb {
            Verb::Get => GET,
            Verb::Head => HEAD,
            Verb::Post => 2,
            Verb::Put => 3,
            Verb::Patch => 4,
            Verb::Delete => 5,
            Verb::Options => 6,
            Verb::All => OTHER,
        };
        self.verbs[column].get_or_insert(number);
        self.answers = std::array::from_fn(|column| {
            let own = self.verbs[column];
            let get = self.verbs[GET].filter(|_| column == HEAD);
            own.or(get).or(self.verbs[OTHER])
        });
    }
}

impl<'p> Walk<'p> {
    #[inline]
    fn new(path: &'p str, column: usize) -> Self {
        let path = path.as_bytes();
        Self {
            path,
            segments: path.strip_suffix(b"/").unwrap_or(path),
            column,
        }
    }

    /// Where the first segment begins; `None` for what is no path, or longer than any that comes over the wire.
    #[inline]
    fn start(&self) -> Option<usize> {
        let is_path = self.path.starts_with(b"/") && self.path.len() <= usize::from(u16::MAX);
        is_path.then_some(1)
    }

    /// Whether there is a segment at `start`.
    #[inline]
    fn is_over(&self, start: usize) -> bool {
        start > self.segments.len()
    }

    /// The segment that begins at `start`, how it begins, and where the next one does.
    #[inline]
    fn segment(&self, start: usize) -> (&'p [u8], Beginning, usize) {
        let rest = self.segments.get(start..).unwrap_or_default();
        let word = self.word(rest);
        let (length, beginning) = match slash_in(word) {
            Some(at) => (at, Beginning::of_word(word, at)),
            None => {
                let further = rest.get(8..).unwrap_or_default();
                let length = further.iter().position(|byte| *byte == b'/');
                (length.map_or(rest.len(), |at| at + 8), Beginning(word))
            }
        };
        let segment = rest.get(..length).unwrap_or_default();
        (segment, beginning, start + length + 1)
    }

    /// The first eight bytes of the rest of the segments as one number, the first byte lowest, so that they are looked at
    /// all at once; zeros where there are less.
    #[inline]
    fn word(&self, rest: &[u8]) -> u64 {
        if let Some(bytes) = rest.first_chunk() {
            return u64::from_le_bytes(*bytes);
        }
        match self.segments.last_chunk() {
            Some(bytes) => shifted_right(u64::from_le_bytes(*bytes), 8 - rest.len()),
            None => Beginning::of(rest).0,
        }
    }

    /// The number of the route; the segments before `start` fit the node.
    fn find(&self, mut node: &Node, mut start: usize, captures: &mut Captures) -> Option<usize> {
        while !self.is_over(start) {
            let (segment, beginning, next) = self.segment(start);
            if node.forks {
                return self.find_among(node, start, captures);
            }
            let literal = node.literal_for(segment, beginning);
            node = match (literal, node.parameter.as_deref()) {
                // Where one way fits at most, there is none to come back to.
                (None, None) => return None,
                (Some(inner), None) => inner,
                (None, Some(inner)) => {
                    if segment.is_empty() {
                        return None;
                    }
                    captures.push(start, start + segment.len());
                    inner
                }
                (Some(_), Some(_)) => return self.find_among(node, start, captures),
            };
            start = next;
        }
        node.end.answers[self.column]
    }

    /// The same for a node where several ways may fit.
    fn find_among(&self, node: &Node, start: usize, captures: &mut Captures) -> Option<usize> {
        let (segment, beginning, next) = self.segment(start);
        let before = captures.count();
        if let Some(inner) = node.literal_for(segment, beginning) {
            if let Some(number) = self.find(inner, next, captures) {
                return Some(number);
            }
            captures.truncate(before);
        }
        for affixed in &node.affixed {
            if let Some((from, to)) = affixed.inside(segment) {
                captures.push(start + from, start + to);
                if let Some(number) = self.find(&affixed.node, next, captures) {
                    return Some(number);
                }
                captures.truncate(before);
            }
        }
        if let Some(inner) = &node.parameter
            && !segment.is_empty()
        {
            captures.push(start, start + segment.len());
            if let Some(number) = self.find(inner, next, captures) {
                return Some(number);
            }
            captures.truncate(before);
        }
        let number = node.wildcard.answers[self.column]?;
        captures.push(start, self.path.len());
        Some(number)
    }

    /// The routes of every path that fits.
    fn collect(&self, node: &Node, start: usize, numbers: &mut Vec<usize>) {
        let mut add = |leaf: &Leaf| numbers.extend(leaf.verbs.iter().flatten());
        if self.is_over(start) {
            add(&node.end);
            return;
        }
        add(&node.wildcard);
        let (segment, beginning, next) = self.segment(start);
        if let Some(inner) = node.literal_for(segment, beginning) {
            self.collect(inner, next, numbers);
        }
        let affixed = node.affixed.iter();
        for affixed in affixed.filter(|affixed| affixed.inside(segment).is_some()) {
            self.collect(&affixed.node, next, numbers);
        }
        if let Some(inner) = node.parameter.as_ref().filter(|_| !segment.is_empty()) {
            self.collect(inner, next, numbers);
        }
    }
}

impl Node {
    #[inline(always)]
    fn literal_for(&self, segment: &[u8], beginning: Beginning) -> Option<&Self> {
        let at = self.beginnings.find(beginning)?;
        let first = self.literals.get(at)?;
        if first.is(segment) {
            return Some(&first.node);
        }
        self.literal_after(at, segment, beginning)
    }

    /// Long texts may begin alike.
    #[cold]
    fn literal_after(&self, at: usize, segment: &[u8], beginning: Beginning) -> Option<&Self> {
        let others = self.literals.get(at + 1..)?.iter();
        let mut alike =
            others.take_while(|other| Beginning::of(other.text.as_bytes()) == beginning);
        alike
            .find(|other| other.is(segment))
            .map(|literal| &literal.node)
    }
}

impl Literal {
    /// Whether it is the segment, which begins as it does.
    #[inline]
    fn is(&self, segment: &[u8]) -> bool {
        self.text.len() == segment.len() && (segment.len() <= 8 || self.text.as_bytes() == segment)
    }
}

/// The place of the first slash among eight bytes.
#[inline]
fn slash_in(word: u64) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = ONES << 7;
    // A slash becomes zero, and only a zero has its highest bit set by the subtraction and not before. What that borrows
    // may set it in bytes above too, but the lowest one is a slash.
    let zeroed = word ^ (ONES * b'/' as u64);
    let found = zeroed.wrapping_sub(ONES) & !zeroed & HIGHEST;
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

/// A number without its lowest bytes.
#[inline]
fn shifted_right(word: u64, bytes: usize) -> u64 {
    let shifted = u32::try_from(8 * bytes).ok();
    shifted.and_then(|bits| word.checked_shr(bits)).unwrap_or(0)
}

impl Affixed {
    /// Where in a segment the parameter stands, if the text around it fits.
    fn inside(&self, segment: &[u8]) -> Option<(usize, usize)> {
        let rest = segment.strip_prefix(self.prefix.as_bytes())?;
        let value = rest.strip_suffix(self.suffix.as_bytes())?;
        let from = self.prefix.len();
        (!value.is_empty()).then_some((from, from + value.len()))
    }
}

fn column(method: &Method) -> usize {
    match *method {
        Method::GET => GET,
        Method::HEAD => HEAD,
        Method::POST => 2,
        Method::PUT => 3,
        Method::PATCH => 4,
        Method::DELETE => 5,
        Method::OPTIONS => 6,
        _ => OTHER,
    }
}

/// The segments of a pattern, whose form the macro has checked. A slash at its end says nothing.
fn segments(pattern: &str) -> impl Iterator<Item = Segment<'_>> {
    let bare = pattern.strip_prefix('/').unwrap_or(pattern);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    let segments = bare.split('/').filter(move |_| !bare.is_empty());
    segments.map(|segment| {
        if segment.starts_with('*') {
            return Segment::Wildcard;
        }
        let Some((prefix, rest)) = segment.split_once(':') else {
            return Segment::Literal(segment);
        };
        let name = rest
            .find(|c: char| c != '_' && !c.is_alphanumeric())
            .unwrap_or(rest.len());
        let suffix = rest.get(name..).unwrap_or("");
        Segment::Parameter { prefix, suffix }
    })
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::Matcher;
    use crate::controller::Captures;
    use crate::controller::route::{Place, Route, Verb};

    fn matcher(paths: &[(Verb, &'static str)]) -> Matcher {
        let routes = paths.iter().map(|(verb, path)| Route {
            verb: *verb,
            path,
            shape: path,
            handler: path,
            place: Place { file: "", line: 0 },
            takes: &[],
            layers: &[],
        });
        let mut matcher = Matcher::default();
        matcher.add(routes.collect::<Vec<_>>().leak(), 0);
        matcher
    }

    /// The path of the route, and the parameters.
    fn find<'p>(
        matcher: &Matcher,
        method: &Method,
        path: &'p str,
    ) -> Option<(&'static str, Vec<&'p str>)> {
        let mut captures = Captures::new();
        let entry = matcher.find(method, path, &mut captures)?;
        let texts = captures.ranges().map(|(from, to)| &path[from..to]);
        Some((entry.route.path, texts.collect()))
    }

    #[test]
    fn the_more_literal_segment_wins() {
        let matcher = matcher(&[
            (Verb::Get, "/*rest"),
            (Verb::Get, "/files/:id"),
            (Verb::Get, "/files/:name.json"),
            (Verb::Get, "/files/v:version.json"),
            (Verb::Get, "/files/all"),
            (Verb::Get, "/files/:id/parts/last"),
            (Verb::Get, "/files/all/:what"),
            (Verb::Get, "/"),
        ]);
        let find = |path| find(&matcher, &Method::GET, path).unwrap();
        assert_eq!(find("/files/all"), ("/files/all", vec![]));
        assert_eq!(find("/files/v1.json"), ("/files/v:version.json", vec!["1"]));
        assert_eq!(find("/files/a.b.json"), ("/files/:name.json", vec!["a.b"]));
        assert_eq!(find("/files/.json"), ("/files/:id", vec![".json"]));
        assert_eq!(find("/files/7"), ("/files/:id", vec!["7"]));
        assert_eq!(
            find("/files/all/parts/last"),
            ("/files/:id/parts/last", vec!["all"])
        );
        assert_eq!(
            find("/files/all/parts"),
            ("/files/all/:what", vec!["parts"])
        );
        assert_eq!(find("/files/7/parts"), ("/*rest", vec!["files/7/parts"]));
        assert_eq!(find("/"), ("/", vec![]));
    }

    #[test]
    fn texts_that_begin_alike_are_told_apart() {
        let mut paths: Vec<&'static str> = vec![
            "/settings",
            "/settings-of-users",
            "/settings-of-teams",
            "/settingsX",
            "/a",
            "/aa",
            "/aaaaaaaa",
        ];
        paths.extend((0..300).map(|number| &*format!("/route{number}").leak()));
        let routes: Vec<_> = paths.iter().map(|path| (Verb::Get, *path)).collect();
        let matcher = matcher(&routes);
        for path in paths {
            assert_eq!(find(&matcher, &Method::GET, path), Some((path, vec![])));
        }
        for other in [
            "/setting",
            "/settings-of-other",
            "/settings-",
            "/aaa",
            "/a\0",
            "/route300",
        ] {
            assert_eq!(find(&matcher, &Method::GET, other), None, "{other}");
        }
    }

    #[test]
    fn slashes() {
        let matcher = matcher(&[
            (Verb::Get, "/posts/"),
            (Verb::Get, "/posts/:id"),
            (Verb::Get, "/files/*rest"),
        ]);
        let find = |path| find(&matcher, &Method::GET, path);
        assert_eq!(find("/posts"), Some(("/posts/", vec![])));
        assert_eq!(find("/posts/"), Some(("/posts/", vec![])));
        assert_eq!(find("/posts//"), None);
        assert_eq!(find("/posts/7/"), Some(("/posts/:id", vec!["7"])));
        assert_eq!(find("/posts//7"), None);
        assert_eq!(find("//posts"), None);
        assert_eq!(find("/files/a//b/"), Some(("/files/*rest", vec!["a//b/"])));
        assert_eq!(find("/files/"), None);
        assert_eq!((find(""), find("*"), find("posts")), (None, None, None));
    }

    #[test]
    fn a_path_without_the_method_gives_way() {
        let matcher = matcher(&[
            (Verb::Get, "/users/me"),
            (Verb::Post, "/users/:id"),
            (Verb::All, "/users/*rest"),
        ]);
        let find = |method: Method, path| find(&matcher, &method, path).unwrap().0;
        assert_eq!(find(Method::GET, "/users/me"), "/users/me");
        assert_eq!(find(Method::HEAD, "/users/me"), "/users/me");
        assert_eq!(find(Method::POST, "/users/me"), "/users/:id");
        assert_eq!(find(Method::TRACE, "/users/me"), "/users/*rest");
        let all = matcher.all("/users/me");
        let paths: Vec<_> = all.iter().map(|entry| entry.route.path).collect();
        assert_eq!(paths, ["/users/me", "/users/:id", "/users/*rest"]);
    }
}
