namespace ComfyServe.Engine.Queue;

/// <summary>What the inference thread does next.</summary>
/// <param name="Item">The prompt to run; null when there is only memory to free.</param>
/// <param name="Free">Memory to give back first: it was asked for before the prompt was taken.</param>
/// <param name="Interrupted">Cancelled when somebody interrupts this prompt.</param>
internal sealed record QueueWork(QueueItem? Item, FreeRequest Free, CancellationToken Interrupted);
