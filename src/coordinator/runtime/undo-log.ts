/**
 * How durable state goes back when its records could not be written: every change notes its inverse here, and the notes
 * are dropped once the records are durable. Bounded by the records in flight. Control thread.
 */
export class UndoLog {
  readonly #undos: (() => void)[] = [];
  #paused = false;

  /** Notes how to take back a change that was just made. */
  push(undo: () => void): void {
    if (!this.#paused) this.#undos.push(undo);
  }

  get length(): number {
    return this.#undos.length;
  }

  /** While loading, changes are never taken back. */
  set paused(paused: boolean) {
    this.#paused = paused;
  }

  /** Takes back every change after the first `length` ones, newest first. */
  rollbackTo(length: number): void {
    this.#paused = true;
    try {
      while (this.#undos.length > length) this.#undos.pop()!();
    } finally {
      this.#paused = false;
    }
  }

  /** The oldest `count` changes are durable. */
  forget(count: number): void {
    if (count === this.#undos.length) this.#undos.length = 0;
    else this.#undos.splice(0, count);
  }
}

/** A map whose changes can be taken back. Its values must not be changed in place. Iterates in insertion order. */
export class JournaledMap<K, V> {
  readonly #undo: UndoLog;
  readonly #map = new Map<K, V>();

  constructor(undo: UndoLog) {
    this.#undo = undo;
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  set(key: K, value: V): void {
    const old = this.#map.get(key);
    const had = old !== undefined || this.#map.has(key);
    this.#map.set(key, value);
    this.#undo.push(() => {
      if (had) this.#map.set(key, old as V);
      else this.#map.delete(key);
    });
  }

  delete(key: K): boolean {
    if (!this.#map.has(key)) return false;
    const old = this.#map.get(key) as V;
    this.#map.delete(key);
    this.#undo.push(() => this.#map.set(key, old));
    return true;
  }

  keys(): MapIterator<K> {
    return this.#map.keys();
  }

  values(): MapIterator<V> {
    return this.#map.values();
  }

  entries(): MapIterator<[K, V]> {
    return this.#map.entries();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map.entries();
  }
}

/** One value whose changes can be taken back. */
export class JournaledCell<T> {
  readonly #undo: UndoLog;
  #value: T;

  constructor(undo: UndoLog, value: T) {
    this.#undo = undo;
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    const old = this.#value;
    if (old === value) return;
    this.#value = value;
    this.#undo.push(() => {
      this.#value = old;
    });
  }
}
