/** What is used of jsfive, which has no declarations of its own. */
declare module 'jsfive' {
  /** The header of an object, as its messages. */
  export interface DataObjects {
    readonly msgs: readonly ReadonlyMap<string, number>[];
    readonly is_dataset: boolean;
    readonly shape: readonly number[];
    /** `<f4`, or an array where the type is no plain number or string. */
    readonly dtype: string | readonly unknown[];
    find_msg_type(type: number): readonly ReadonlyMap<string, number>[];
    _get_data_message_properties(
      offset: number,
    ): readonly [version: number, dimensions: number, layout: number, offset: number];
    _vlen_size_and_data(buffer: ArrayBuffer, offset: number): readonly [size: number, data?: ArrayBuffer];
  }

  export class Group {
    readonly _dataobjects: DataObjects;
    /** Addresses of objects; a soft link is a path. */
    readonly _links: Readonly<Record<string, number | string>>;
    get(name: string): Group | Dataset;
  }

  export class File extends Group {
    constructor(buffer: ArrayBuffer, name?: string);
  }

  export class Dataset {
    readonly _dataobjects: DataObjects;
  }
}
