/** What drivers of browsers tell, as types. */
import type { MemberName } from '../internal/tools/browser-members.js';
import type { ResponseInputImageContent } from '../resources/responses/responses.js';

/** The tabs of a browser. The model is told no more of an address than its origin. */
export interface BrowserState {
  tabs: { id: string; title: string; url: string; active: boolean }[];
  observation?: BrowserObservationV1 | undefined;
}

/** What has happened since the driver began: the last changes without a gap, after `dropped_changes` older ones. */
export interface BrowserObservationV1 {
  version: 1;
  sequence: number;
  dropped_changes: number;
  title_truncated: boolean;
  changes: BrowserStateChange[];
}

/** Something that happened, without addresses and texts. */
export type BrowserStateChange =
  | { type: 'tab_opened' | 'tab_closed' | 'tab_switched' | 'navigation'; sequence: number; tab_id: string }
  | { type: 'navigation_refused'; sequence: number; tab_id: string | null; reason: 'policy' | 'unsupported' }
  | { type: 'dialog_dismissed'; sequence: number; tab_id: string; kind: 'alert' | 'confirm' | 'prompt' | 'beforeunload' | 'other' }
  | { type: 'download'; sequence: number; tab_id: string | null; status: 'blocked' | 'started' | 'completed' | 'failed' };

/** A choice of a control. */
export interface BrowserReadOption {
  label: string;
  value: string;
  selected?: boolean | undefined;
}

/** A control that actions can name by its `ref`. */
export interface BrowserReadElement {
  ref: string;
  role: 'button' | 'textbox' | 'combobox' | 'checkbox' | 'radio' | 'slider' | 'listbox';
  label: string;
  value?: string | undefined;
  options?: BrowserReadOption[] | undefined;
  checked?: boolean | undefined;
}

/** What was read of a page: its text, its controls, and why something was left out. */
export interface BrowserReadV1 {
  version: 1;
  text: string;
  elements: BrowserReadElement[];
  omitted: (
    | 'report_limit' | 'text_limit' | 'target_limit' | 'work_limit' | 'frame_limit' | 'unsupported_root' | 'unsupported_control' | 'remote_action' | 'private'
    | 'value' | 'name_limit'
  )[];
}

/** A report without controls. */
export interface BrowserTextReadV1 extends BrowserReadV1 {
  elements: never[];
}

/** What was read of a part of a page, and the parts that it has. */
export interface BrowserScopedReadV1 extends BrowserReadV1 {
  scopes: { ref: string; label: string }[];
}

/** What became of a file. */
export type BrowserFileOutcome = { version: 1; cleanup: 'not_started' | 'pending' | 'completed' } & (
  | { status: 'completed'; effect: 'completed' }
  | { status: 'refused'; effect: 'none' }
  | { status: 'unknown'; effect: 'unknown' }
  | { status: 'interrupted'; effect: 'none' | 'unknown' }
);

/** What a driver's method gives. */
export type BrowserResult<M extends MemberName> = M extends 'screenshot' | 'zoom'
  ? ResponseInputImageContent
  : M extends 'list_tabs'
    ? BrowserState
    : M extends 'read_page_scoped'
      ? BrowserScopedReadV1
      : M extends 'read_diagnostics'
        ? BrowserTextReadV1
        : M extends 'run_script'
          ? string
          : M extends 'upload_file' | 'download_file'
            ? BrowserFileOutcome
            : M extends 'read_page' | 'get_page_text' | 'find'
              ? string | BrowserReadV1 | null | void
              : string | void;
