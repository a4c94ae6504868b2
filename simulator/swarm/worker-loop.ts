// The worker's side of a worker process: carries out one task after the other until its parent is gone.

/** What `carryOut` throws is told as `broken`. */
export function answerTasks<Task, Answer extends object>(carryOut: (task: Task) => Promise<Answer>): void {
  const answer = (message: object): void => void process.send?.(message);
  process.on("message", (task: Task) => {
    carryOut(task).then(answer, (error: unknown) =>
      answer({ answer: "broken", message: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  // The parent is gone: nobody wants to know any more.
  process.on("disconnect", () => process.exit(0));
}
