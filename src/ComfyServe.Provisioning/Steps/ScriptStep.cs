using System.Security.Cryptography;
using System.Text;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Provisioning.Manifest;
using ComfyServe.Provisioning.Running;

namespace ComfyServe.Provisioning.Steps;

/// <summary>
/// Fetches a script and runs it with bash: once for each content, so that a script that changed behind the same URL runs again.
/// </summary>
internal sealed class ScriptStep(ScriptEntry entry) : IProvisioningStep
{
    private readonly string _key = $"script {StepMemory.Hash(entry.Source)}";
    private byte[]? _content;

    /// <inheritdoc/>
    public string Phase => "scripts";

    /// <inheritdoc/>
    public string Name => ShownUrl.Of(entry.Source);

    /// <inheritdoc/>
    public async Task<bool> IsDoneAsync(StepContext context, CancellationToken cancellationToken)
    {
        _content = await context.Documents.ReadAsync(entry.Source, cancellationToken);
        return context.IsDone(_key, Digest(_content));
    }

    /// <inheritdoc/>
    public async Task<string?> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var content = _content ?? await context.Documents.ReadAsync(entry.Source, cancellationToken);
        var digest = Digest(content);
        if (entry.Sha256 is { } wanted && wanted != digest)
        {
            throw new StepException($"its SHA-256 is {digest}, wanted is {wanted}; it was not run");
        }

        // Written on Windows, it would fail in the first line with a message that helps nobody.
        var text = Encoding.UTF8.GetString(content).Replace("\r\n", "\n", StringComparison.Ordinal);
        var path = Path.Combine(context.Paths.State, "scripts", $"{digest[..16]}.sh");
        await WriteFileStep.WriteAsync(path, Encoding.UTF8.GetBytes(text), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, cancellationToken);
        var command = context.Command("/bin/bash", path);
        var outcome = await context.Processes.RunAsync(command, cancellationToken);
        outcome.Check("the script", command.Timeout);
        context.Memory.Remember(_key, digest);
        return $"SHA-256 {digest}";
    }

    private static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
