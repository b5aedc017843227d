using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>A workflow of the editor in the engine's format.</summary>
/// <param name="Json">The graph; of no use where there are problems.</param>
/// <param name="Problems">Every reason why it cannot be converted.</param>
/// <param name="Drawn">The place of each alternative that was drawn in its prompts.</param>
/// <param name="Notes">What was chosen, filled in or left out, for people.</param>
internal sealed record ConvertedWorkflow(
    ReadOnlyMemory<byte> Json, IReadOnlyList<ValidationProblem> Problems, IReadOnlyList<DrawnNumber> Drawn, IReadOnlyList<string> Notes);
