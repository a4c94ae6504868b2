// The broker's message emitter that hands nothing to anybody: the reason why no device can reach another one.

/**
 * What aedes asks of an emitter. aedes gives each accepted publish to it for routing to subscribers; here that ends,
 * whatever was subscribed. Messages for a device go straight to its client (client-session.ts).
 */
export class NullEmitter {
  on(_topic: string, _listener: unknown, done?: () => void): this {
    if (done !== undefined) setImmediate(done);
    return this;
  }

  removeListener(_topic: string, _listener: unknown, done?: () => void): this {
    if (done !== undefined) setImmediate(done);
    return this;
  }

  emit(_packet: unknown, done?: () => void): this {
    if (done !== undefined) setImmediate(done);
    return this;
  }

  close(done?: () => void): void {
    if (done !== undefined) setImmediate(done);
  }
}
