namespace ComfyServe.Engine.Queue;

/// <summary>What <c>POST /free</c> asked for.</summary>
/// <param name="UnloadModels">Let go of loaded models.</param>
/// <param name="FreeMemory">Forget cached results too.</param>
internal readonly record struct FreeRequest(bool UnloadModels, bool FreeMemory)
{
    /// <summary>Whether anything was asked for.</summary>
    public bool IsEmpty => !UnloadModels && !FreeMemory;

    /// <summary>Both requests at once.</summary>
    public FreeRequest Or(FreeRequest other) => new(UnloadModels || other.UnloadModels, FreeMemory || other.FreeMemory);
}
