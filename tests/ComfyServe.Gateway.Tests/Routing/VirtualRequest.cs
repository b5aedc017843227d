namespace ComfyServe.Gateway.Tests.Routing;

/// <summary>A request at a virtual worker.</summary>
internal sealed class VirtualRequest
{
    public required long Idx { get; init; }

    public required double Cost { get; init; }

    public double StartedAt { get; set; }
}
