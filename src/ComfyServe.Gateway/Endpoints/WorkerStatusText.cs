namespace ComfyServe.Gateway.Endpoints;

/// <summary>A worker's report as the JSON that it came in, on its way to the endpoint's owner.</summary>
/// <param name="Gateway">The gateway that received it.</param>
/// <param name="Json">UTF-8 JSON of <c>WorkerStatus</c>.</param>
[GenerateSerializer, Immutable]
[Alias("comfyserve.WorkerStatusText")]
internal sealed record WorkerStatusText([property: Id(0)] long Gateway, [property: Id(1)] byte[] Json);
