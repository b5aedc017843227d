using ComfyServe.Api.Requests;

namespace ComfyServe.Api.Owners;

/// <summary>What becomes of the names of files in a workflow.</summary>
/// <param name="Folder">The owner's folder; blank without one.</param>
/// <param name="Changes">What is to be changed.</param>
/// <param name="Problems">Why the workflow is refused.</param>
internal sealed record OwnedNames(string Folder, IReadOnlyList<NameChange> Changes, IReadOnlyList<ValidationProblem> Problems)
{
    /// <summary>Of a workflow that belongs to nobody in particular: every name stays.</summary>
    public static OwnedNames None { get; } = new("", [], []);
}
