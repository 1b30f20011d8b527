/** Tools with the function that answers their calls. */
import type { ChatCompletionRunner } from './ChatCompletionRunner.js';
import type { ChatCompletionStreamingRunner } from './ChatCompletionStreamingRunner.js';
import type { JSONSchema } from './jsonschema.js';

type PromiseOrValue<T> = T | Promise<T>;

type Runner = ChatCompletionRunner<unknown> | ChatCompletionStreamingRunner<unknown>;

/** What the model is told of a function. */
interface Described {
  /** Schema of the arguments. */
  parameters: JSONSchema;
  /** What the function does, for the model. */
  description: string;
  /** Default: the name of the JavaScript function. */
  name?: string | undefined;
  /** Whether the arguments must fit the schema. */
  strict?: boolean | undefined;
}

/** A function that gets its arguments parsed. */
export type RunnableFunctionWithParse<Args extends object, ToolContext = unknown> = Described & {
  function: (args: Args, runner: Runner, toolContext: ToolContext) => PromiseOrValue<unknown>;
  /** From the text of the arguments; what it throws is told to the model. */
  parse: (input: string) => PromiseOrValue<Args>;
};

/** A function that gets the text of its arguments. */
export type RunnableFunctionWithoutParse<ToolContext = unknown> = Described & {
  function: (args: string, runner: Runner, toolContext: ToolContext) => PromiseOrValue<unknown>;
};

export type RunnableFunction<Args extends object | string, ToolContext = unknown> =
  Args extends string ? RunnableFunctionWithoutParse<ToolContext>
  : Args extends object ? RunnableFunctionWithParse<Args, ToolContext>
  : never;

export type RunnableToolFunctionWithoutParse<ToolContext = unknown> = {
  type: 'function';
  function: RunnableFunctionWithoutParse<ToolContext>;
};

export type RunnableToolFunctionWithParse<Args extends object, ToolContext = unknown> = {
  type: 'function';
  function: RunnableFunctionWithParse<Args, ToolContext>;
};

export type RunnableToolFunction<Args extends object | string, ToolContext = unknown> =
  Args extends string ? RunnableToolFunctionWithoutParse<ToolContext>
  : Args extends object ? RunnableToolFunctionWithParse<Args, ToolContext>
  : never;

/** A tool of any arguments that gets the run's `toolContext`. */
export type RunnableToolFunctionWithContext<ToolContext> = {
  type: 'function';
  function: Described & {
    function: (args: any, runner: Runner, toolContext: ToolContext) => PromiseOrValue<unknown>;
    parse?: (input: string) => PromiseOrValue<any>;
  };
};

/** Whether a function gets its arguments parsed. */
export function isRunnableFunctionWithParse<Args extends object, ToolContext = unknown>(
  fn: any,
): fn is RunnableFunctionWithParse<Args, ToolContext> {
  return typeof fn?.parse === 'function';
}

export type BaseFunctionsArgs = readonly (object | string)[];

export type RunnableFunctions<FunctionsArgs extends BaseFunctionsArgs, ToolContext = unknown> =
  [any[]] extends [FunctionsArgs] ? readonly RunnableFunction<any, ToolContext>[]
  : {
      [Index in keyof FunctionsArgs]: FunctionsArgs[Index] extends object | string ?
        RunnableFunction<FunctionsArgs[Index], ToolContext>
      : FunctionsArgs[Index];
    };

export type RunnableTools<FunctionsArgs extends BaseFunctionsArgs, ToolContext = unknown> =
  [any[]] extends [FunctionsArgs] ? readonly RunnableToolFunction<any, ToolContext>[]
  : {
      [Index in keyof FunctionsArgs]: FunctionsArgs[Index] extends object | string ?
        RunnableToolFunction<FunctionsArgs[Index], ToolContext>
      : FunctionsArgs[Index];
    };

/** A tool whose arguments are parsed, with its types inferred. */
export class ParsingToolFunction<Args extends object, ToolContext = unknown> {
  type: 'function' = 'function';
  function: RunnableFunctionWithParse<Args, ToolContext>;

  constructor(input: RunnableFunctionWithParse<Args, ToolContext>) {
    this.function = input;
  }
}
