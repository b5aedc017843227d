namespace ComfyServe.Api.Owners;

/// <summary>One change of a workflow's JSON.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where what is replaced ends; the same for something new.</param>
/// <param name="Json">What comes there.</param>
internal readonly record struct NameChange(long Start, long End, byte[] Json);
