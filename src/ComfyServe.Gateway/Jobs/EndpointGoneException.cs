namespace ComfyServe.Gateway.Jobs;

/// <summary>The endpoint was deleted while a request waited for one of its workers.</summary>
internal sealed class EndpointGoneException(string name) : Exception($"endpoint '{name}' was deleted");
