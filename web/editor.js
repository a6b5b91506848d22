/** The editor: CodeMirror with what a small program needs, and errors shown at their line. */
import { EditorState } from '@codemirror/state';
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers,
} from '@codemirror/view';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { javascript } from '@codemirror/lang-javascript';
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { tags } from '@lezer/highlight';

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword, tags.operatorKeyword], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic' },
  { tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName))], color: 'var(--code-function)' },
  { tag: tags.invalid, color: 'var(--danger)' },
]);

const look = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'var(--surface-raised)', fontSize: 'var(--text-code)', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-code)', lineHeight: '1.55', overflow: 'auto' },
  '.cm-content': { padding: 'var(--space-3) 0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 var(--space-4) 0 var(--space-2)' },
  '.cm-gutters': { color: 'var(--code-gutter)', backgroundColor: 'transparent', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { minWidth: '2em', padding: '0 0.4em 0 0' },
  '.cm-gutter-lint': { width: '1.1em' },
  '.cm-gutter-lint .cm-gutterElement': { padding: '0.25em 0 0 0.2em' },
  '.cm-lint-marker-error': { content: 'none', width: '0.7em', height: '0.7em', margin: '0.2em 0', borderRadius: '50%', backgroundColor: 'var(--danger)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--code-line)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)', borderLeftWidth: '2px' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--code-selection)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--code-selection)', outline: '1px solid var(--line-strong)' },
  '&.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'transparent', outline: '1px solid var(--danger)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--danger)', textUnderlineOffset: '0.2em' },
  '.cm-tooltip, .cm-panels': { color: 'var(--ink)', backgroundColor: 'var(--surface)', border: '1px solid var(--line-strong)' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--danger)' },
});

/**
 * @typedef {object} Editor
 * @property {() => string} text
 * @property {(text: string, options?: { undoable?: boolean }) => void} setText a new text; undoable keeps the history
 * @property {(line: number, column: number | undefined, message: string) => void} showError line and column from 1
 * @property {() => void} clearErrors
 * @property {(line?: number) => void} focus and, with a line, the cursor goes there
 */

/**
 * @param {HTMLElement} parent is emptied
 * @param {object} options
 * @param {string} options.text
 * @param {(text: string) => void} options.onChange after an edit by the user or by setText
 * @param {(scheduler: 'sync' | 'threads') => void} options.onRun Shift+Enter, Ctrl+Enter
 * @returns {Editor}
 */
export function createEditor(parent, { text, onChange, onRun }) {
  /** @param {'sync' | 'threads'} scheduler */
  const run = (scheduler) => () => (onRun(scheduler), true);
  const extensions = [
    // First, because the default keys give Enter with Ctrl or Shift another meaning.
    keymap.of([
      { key: 'Ctrl-Enter', mac: 'Cmd-Enter', run: run('threads') },
      { key: 'Ctrl-Enter', run: run('threads') },
      { key: 'Shift-Enter', run: run('sync') },
    ]),
    lineNumbers(), lintGutter(), highlightSpecialChars(), history(), drawSelection(), indentOnInput(), bracketMatching(),
    highlightActiveLine(), highlightActiveLineGutter(), EditorView.lineWrapping, javascript(), syntaxHighlighting(colours), look,
    EditorState.tabSize.of(2),
    // Escape, then Tab, leaves the editor: CodeMirror's own way out.
    keymap.of([indentWithTab, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
    EditorView.contentAttributes.of({ 'aria-label': 'Program', 'aria-describedby': 'editor-keys', spellcheck: 'false', tabindex: '0' }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange(update.state.doc.toString());
    }),
  ];
  const stateOf = (/** @type {string} */ doc) => EditorState.create({ doc, extensions });
  parent.replaceChildren();
  const view = new EditorView({ parent, state: stateOf(text) });

  return {
    text: () => view.state.doc.toString(),
    setText(text, { undoable = false } = {}) {
      if (undoable) return view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      view.setState(stateOf(text));
      onChange(text);
    },
    showError(line, column, message) {
      const { doc } = view.state;
      if (line < 1 || line > doc.lines) return;
      const at = doc.line(line);
      const indent = at.text.search(/\S|$/);
      const from = Math.min(at.from + Math.max((column ?? 1) - 1, indent), at.to);
      view.dispatch(setDiagnostics(view.state, [{ from, to: at.to, severity: 'error', message }]));
      view.dispatch({ effects: EditorView.scrollIntoView(from, { y: 'nearest', yMargin: 40 }) });
    },
    clearErrors: () => view.dispatch(setDiagnostics(view.state, [])),
    focus(line) {
      if (line !== undefined && line >= 1 && line <= view.state.doc.lines) {
        const { from } = view.state.doc.line(line);
        view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
      }
      view.focus();
    },
  };
}
