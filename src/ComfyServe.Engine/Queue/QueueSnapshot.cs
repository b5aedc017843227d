namespace ComfyServe.Engine.Queue;

/// <summary>What <c>GET /queue</c> shows.</summary>
/// <param name="Running">The prompt that runs; null when none does.</param>
/// <param name="Pending">The others, in the order of the heap's array.</param>
internal sealed record QueueSnapshot(QueueItem? Running, IReadOnlyList<QueueItem> Pending);
