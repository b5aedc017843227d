namespace ComfyServe.Api.Jobs;

/// <summary>Something that happened to a job, as a stream tells it.</summary>
/// <param name="Id">Grows by one with each event of the job.</param>
/// <param name="Name">Name of the event; null for those that the original service has too.</param>
/// <param name="Body">JSON.</param>
internal sealed record JobEvent(long Id, string? Name, ReadOnlyMemory<byte> Body);
