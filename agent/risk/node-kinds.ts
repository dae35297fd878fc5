/** Kinds of nodes in the tree of a script, by what the walk does with them. */
import type { Finding } from "./findings.ts";

/** What only groups others, or runs each of its children sooner or later. */
export const GROUPS = new Set(
  "program list subshell compound_statement do_group if_statement elif_clause else_clause while_statement case_statement case_item negated_command c_style_for_statement variable_assignments ERROR".split(
    " ",
  ),
);

/** Tests, arithmetic and words: they do nothing but what substitutions in them do. */
export const EXPRESSIONS =
  /^(?:(?:binary|unary|ternary|postfix|parenthesized)_expression|test_operator|word|number|string|raw_string|ansi_c_string|translated_string|simple_expansion|expansion|concatenation|extglob_pattern|regex|variable_name|special_variable_name|arithmetic_expansion|brace_expression|array|subscript|command_substitution|process_substitution|comment|heredoc_\w+)$/;

export const UNKNOWN_FORM: Finding = {
  rule: "syntax.unknown",
  level: "CAUTION",
  text: "a form of the shell's language that is not known here",
};
