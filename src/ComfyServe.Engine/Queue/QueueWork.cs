namespace ComfyServe.Engine.Queue;

/// <summary>What the inference thread does next.</summary>
/// <param name="Item">The prompt to run; null when there is only memory to free.</param>
/// <param name="Free">Memory to give back now, since no prompt waits.</param>
/// <param name="Interrupted">Cancelled when somebody interrupts this prompt.</param>
internal sealed record QueueWork(QueueItem? Item, FreeRequest Free, CancellationToken Interrupted);
