namespace ComfyServe.Engine.Events;

/// <summary>What a client that connects in the middle of its run is told. The inference thread writes, any thread reads.</summary>
internal sealed class RunningPrompt
{
    private volatile Place? _place;

    /// <summary>Whose prompt runs, and at which node; null when none does.</summary>
    public Place? Current => _place;

    /// <summary>Sets the node that runs.</summary>
    public void Set(string? clientId, string? displayNodeId) =>
        _place = clientId is null || displayNodeId is null ? null : new Place(clientId, displayNodeId);

    /// <summary>Nothing runs.</summary>
    public void Clear() => _place = null;

    /// <summary>A client and the node that its prompt is at.</summary>
    internal sealed record Place(string ClientId, string DisplayNodeId);
}
