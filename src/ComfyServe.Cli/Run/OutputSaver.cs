using System.Security.Cryptography;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Cli.Run;

/// <summary>Downloads the outputs of a run.</summary>
internal static class OutputSaver
{
    private const int MaximumSameNames = 10_000;

    /// <summary>Saves every output into a folder. A file of the same name and other content is kept: the new one gets a number.</summary>
    public static async Task<IReadOnlyList<SavedOutput>> SaveAsync(
        HttpClient http, IReadOnlyList<OutputFile> outputs, string folder, CancellationToken cancellationToken)
    {
        var saved = new List<SavedOutput>();
        foreach (var output in outputs)
        {
            saved.Add(await SaveAsync(http, output, folder, cancellationToken));
        }

        return saved;
    }

    private static async Task<SavedOutput> SaveAsync(HttpClient http, OutputFile output, string folder, CancellationToken cancellationToken)
    {
        if (output.Url is null)
        {
            return new(output.Filename, output.NodeId, null, null, output.UploadError ?? output.Error ?? "the service gave no URL");
        }

        Directory.CreateDirectory(folder);
        var partial = Path.Combine(folder, $".{Guid.NewGuid():N}.part");
        try
        {
            byte[] hash;
            await using (var file = File.Create(partial))
            {
                await using var body = await http.GetStreamAsync(output.Url, cancellationToken);
                await body.CopyToAsync(file, cancellationToken);
                file.Position = 0;
                hash = await SHA256.HashDataAsync(file, cancellationToken);
            }

            if (output.Sha256 is { } expected && !expected.Equals(Convert.ToHexString(hash), StringComparison.OrdinalIgnoreCase))
            {
                return new(output.Filename, output.NodeId, null, output.Url, "its SHA-256 is not the one that the service states");
            }

            return new(output.Filename, output.NodeId, Place(partial, folder, output.Filename, hash), output.Url, null);
        }
        catch (HttpRequestException error)
        {
            return new(output.Filename, output.NodeId, null, output.Url, FailureText.Of(error));
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Moves the file to the first name that is free or has the same content.</summary>
    private static string Place(string partial, string folder, string filename, byte[] hash)
    {
        var name = Path.GetFileName(filename); // a name from the network: its folders are not followed
        var (stem, extension) = (Path.GetFileNameWithoutExtension(name), Path.GetExtension(name));
        for (var number = 0; number < MaximumSameNames; number++)
        {
            var path = Path.Combine(folder, number == 0 ? name : $"{stem} ({number}){extension}");
            if (File.Exists(path))
            {
                using var existing = File.OpenRead(path);
                if (SHA256.HashData(existing).AsSpan().SequenceEqual(hash))
                {
                    return path;
                }

                continue;
            }

            File.Move(partial, path);
            return path;
        }

        throw new UsageException($"'{folder}' has {MaximumSameNames} files named like '{name}'; choose another folder with '--output'");
    }
}
