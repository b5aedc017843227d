using ComfyServe.Contracts.Api;

namespace ComfyServe.Cli.Run;

/// <summary>What <c>run --json</c> prints.</summary>
/// <param name="Result">The API service's answer.</param>
/// <param name="Saved">The files on this machine.</param>
/// <param name="Seconds">From the start of the command, starting the services included.</param>
internal sealed record RunReport(GenerateResult Result, IReadOnlyList<SavedOutput> Saved, double Seconds);
