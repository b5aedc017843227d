namespace ComfyServe.Diffusion.Text;

/// <summary>A part of a prompt with one weight, escapes resolved.</summary>
/// <param name="Text">The text, spaces kept.</param>
/// <param name="Weight">1 is neutral; may be negative or not a number where the prompt says so.</param>
public sealed record PromptSegment(string Text, double Weight);
