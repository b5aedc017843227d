using System.Text;
using ComfyServe.Provisioning.Manifest;
using ComfyServe.Provisioning.Running;

namespace ComfyServe.Provisioning.Steps;

/// <summary>Writes a file whose text is in the manifest.</summary>
internal sealed class WriteFileStep(WrittenFile file) : IProvisioningStep
{
    /// <inheritdoc/>
    public string Phase => "files";

    /// <inheritdoc/>
    public string Name => file.Destination;

    /// <inheritdoc/>
    public async Task<bool> IsDoneAsync(StepContext context, CancellationToken cancellationToken) =>
        File.Exists(file.Destination)
        && File.GetUnixFileMode(file.Destination) == file.Mode
        && await File.ReadAllTextAsync(file.Destination, cancellationToken) == file.Content;

    /// <inheritdoc/>
    public async Task<string?> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(file.Destination, Encoding.UTF8.GetBytes(file.Content), file.Mode, cancellationToken);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StepException($"cannot be written: {exception.Message}");
        }
    }

    /// <summary>Writes a file in one step, with its permissions from the first moment.</summary>
    public static async Task WriteAsync(string path, byte[] content, UnixFileMode mode, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var draft = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.new");
        File.Delete(draft);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using (var stream = new FileStream(draft, options))
        {
            await stream.WriteAsync(content, cancellationToken);
        }

        File.SetUnixFileMode(draft, mode);
        File.Move(draft, path, overwrite: true);
    }
}
