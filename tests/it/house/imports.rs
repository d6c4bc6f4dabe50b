//! Every import of a tree: `use` lines and the paths in the code, those inside macros among them.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::tree::{File, ModulePath, Target, Tree, flatten, for_tests, plain};

/// One import: what is written where, and where it leads.
#[derive(Clone, Debug)]
pub(super) struct Import {
    /// The importing file.
    pub(super) from: usize,
    pub(super) line: usize,
    /// As written.
    pub(super) path: Vec<String>,
    pub(super) target: Target,
    /// In code compiled for tests only.
    pub(super) test: bool,
}

/// All imports of a tree.
pub(super) fn of(tree: &Tree) -> Vec<Import> {
    let mut all = Vec::new();
    for (from, file) in tree.files.iter().enumerate() {
        all.append(&mut of_file(tree, from, file));
    }
    all
}

fn of_file(tree: &Tree, from: usize, file: &File) -> Vec<Import> {
    let mut visitor = Visitor { tree, from, module: file.module.clone(), test: file.test, imports: Vec::new() };
    visitor.visit_file(&file.syntax);
    visitor.imports
}

struct Visitor<'a> {
    tree: &'a Tree,
    from: usize,
    module: ModulePath,
    test: bool,
    imports: Vec<Import>,
}

impl Visitor<'_> {
    fn add(&mut self, path: Vec<String>, span: Span) {
        let target = self.tree.resolve(&self.module, &path);
        let line = span.start().line;
        self.imports.push(Import { from: self.from, line, path, target, test: self.test });
    }

    /// Paths among the words of a macro call or an attribute.
    fn scan(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(first) => {
                    let mut path = vec![plain(&first)];
                    while colons(&mut tokens) {
                        match tokens.next() {
                            Some(TokenTree::Ident(next)) => path.push(plain(&next)),
                            Some(TokenTree::Group(group)) => {
                                self.scan(group.stream());
                                break;
                            }
                            _ => break,
                        }
                    }
                    let call = matches!(tokens.peek(), Some(TokenTree::Punct(mark)) if mark.as_char() == '!');
                    if call {
                        path = called(path);
                    }
                    if path.len() > 1 {
                        self.add(path, first.span());
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

/// The standard library's macros need no import; this gives them the path they could be written with.
fn called(path: Vec<String>) -> Vec<String> {
    match path.as_slice() {
        [name] if ["print", "println", "eprint", "eprintln", "dbg"].contains(&name.as_str()) => {
            vec!["std".into(), name.clone()]
        }
        _ => path,
    }
}

/// Takes `::` off the front, if it is there.
fn colons(tokens: &mut std::iter::Peekable<impl Iterator<Item = TokenTree> + Clone>) -> bool {
    let mut ahead = tokens.clone();
    let colon = |token: Option<TokenTree>| matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    if colon(ahead.next()) && colon(ahead.next()) {
        *tokens = ahead;
        return true;
    }
    false
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let before = self.test;
        self.test |= for_tests(attributes(item));
        visit::visit_item(self, item);
        self.test = before;
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(plain(&item.ident));
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let start = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        let mut paths = Vec::new();
        flatten(&item.tree, &start, &mut |name, path| paths.push((name, path)));
        let span = item.use_token.span;
        for (name, path) in paths {
            self.add(path, span);
            // A glob brings what is in a module, not its name.
            if let (None, Some(Import { target, .. })) = (name, self.imports.last_mut())
                && let Target::Module(file) = *target
            {
                *target = Target::File(file);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        // One word is a name of the file itself or came by a `use`, which is counted.
        if path.segments.len() > 1 {
            let mut words: Vec<String> = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
            if path.leading_colon.is_some() {
                words.insert(0, String::new());
            }
            let span = path.segments.first().map_or_else(Span::call_site, |segment| segment.ident.span());
            self.add(words, span);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(name) = call.path.get_ident() {
            let path = called(vec![plain(name)]);
            if path.len() > 1 {
                self.add(path, name.span());
            }
        }
        visit::visit_macro(self, call);
        self.scan(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        visit::visit_attribute(self, attribute);
        if let syn::Meta::List(list) = &attribute.meta {
            self.scan(list.tokens.clone());
        }
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
