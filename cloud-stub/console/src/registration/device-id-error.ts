// What the cloud says against a device ID, in the words of the form.

/** The cloud names the field as its API does; everything else it says is left as it is. */
export function readDeviceIdError(message: string): string {
  return message.replace(/^id: (?=must )/, "The device ID ");
}
