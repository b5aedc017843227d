namespace ComfyServe.Api.Engines;

/// <summary>Where a prompt stands in an engine's queue.</summary>
internal enum QueuePlace
{
    /// <summary>Neither waiting nor running.</summary>
    Absent,

    /// <summary>Waiting.</summary>
    Pending,

    /// <summary>Running.</summary>
    Running,
}
