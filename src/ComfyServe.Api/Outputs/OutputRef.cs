namespace ComfyServe.Api.Outputs;

/// <summary>A file that a run's history names.</summary>
/// <param name="NodeId">The node that showed it.</param>
/// <param name="Kind">The engine's kind of output, for example <c>images</c>.</param>
/// <param name="Filename">Name without folders.</param>
/// <param name="Subfolder">Folder below the engine's folder, as the caller sees it.</param>
/// <param name="Type">The engine's folder: <c>output</c>, <c>input</c> or <c>temp</c>.</param>
internal sealed record OutputRef(string NodeId, string Kind, string Filename, string Subfolder, string Type)
{
    /// <summary>Folder below the engine's folder, as the engine has it; null where the file is not the caller's.</summary>
    public string? Place { get; init; } = Subfolder;
}
