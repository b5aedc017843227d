namespace ComfyServe.Gateway.Tests;

/// <summary>Tests that run while no other test does: they count what the whole process allocates.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    /// <summary>The collection's name.</summary>
    public const string Name = "alone";
}
