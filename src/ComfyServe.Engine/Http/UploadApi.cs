using ComfyServe.Contracts.Engine;
using ComfyServe.Engine.Folders;
using ComfyServe.Hosting.Files;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Engine.Http;

/// <summary><c>/upload/image</c> and <c>/upload/mask</c>: files that workflows name later.</summary>
internal sealed class UploadApi(EngineFolders folders, EngineOptions options) : IDisposable
{
    // One upload at a time finds its name and takes it.
    private readonly SemaphoreSlim _naming = new(1);

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapBoth(HttpMethods.Post, "/upload/image", context => TakeAsync(context, isMask: false));
        routes.MapBoth(HttpMethods.Post, "/upload/mask", context => TakeAsync(context, isMask: true));
    }

    /// <inheritdoc/>
    public void Dispose() => _naming.Dispose();

    private async Task TakeAsync(HttpContext context, bool isMask)
    {
        var form = context.Request.HasFormContentType ? await ReadFormAsync(context) : FormCollection.Empty;
        if (form.Files.GetFile("image") is not { } image)
        {
            // An image without a file name is an ordinary field: it is there, but no file.
            await (form.ContainsKey("image") ? Reply.FailureAsync(context) : Reply.EmptyAsync(context, StatusCodes.Status400BadRequest));
            return;
        }

        var (type, subfolder) = (Field(form, "type") ?? "input", Field(form, "subfolder") ?? "");
        if (DataFolders.ByType(folders, type) is not { } root)
        {
            await Reply.FailureAsync(context);
            return;
        }

        var folder = DataFolders.AtOrBelow(root, Path.TrimEndingDirectorySeparator(subfolder));
        if (folder is null || DataFolders.AtOrBelow(root, Path.Combine(folder, image.FileName)) is not { } path || path == Path.TrimEndingDirectorySeparator(root)
            || IsTaken(path))
        {
            await Reply.EmptyAsync(context, StatusCodes.Status400BadRequest);
            return;
        }

        Func<Task<byte[]?>>? content = isMask ? () => MaskUpload.ComposeAsync(folders, image, Field(form, "original_ref"), path, context.RequestAborted) : null;
        await _naming.WaitAsync(context.RequestAborted);
        try
        {
            PrivateFiles.CreateFolder(Path.GetDirectoryName(path)!); // the name may have a folder too
            var name = await SaveAsync(image, path, Field(form, "overwrite") is "true" or "1", content, context.RequestAborted);
            await Reply.JsonAsync(context, new UploadedFile(name ?? image.FileName, subfolder, type), EngineJsonContext.Default.UploadedFile);
        }
        finally
        {
            _ = _naming.Release();
        }
    }

    /// <summary>Whether a folder has this name, or a file that of one of its folders.</summary>
    private static bool IsTaken(string path)
    {
        for (var folder = Path.GetDirectoryName(path); folder is not null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(folder))
            {
                return true;
            }
        }

        return Directory.Exists(path);
    }

    private Task<IFormCollection> ReadFormAsync(HttpContext context) => context.Request.ReadFormAsync(
        new FormOptions { MultipartBodyLengthLimit = options.MaxUploadBytes, ValueLengthLimit = 16 << 20 }, context.RequestAborted);

    private static string? Field(IFormCollection form, string name) => form.TryGetValue(name, out var values) ? values.ToString() : null;

    /// <summary>Saves an upload and returns the name that it got; null for the one that it came with.</summary>
    private static async Task<string?> SaveAsync(
        IFormFile image, string path, bool overwrite, Func<Task<byte[]?>>? content, CancellationToken cancellationToken)
    {
        string? name = null;
        var (folder, stem, ending) = (Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path), Path.GetExtension(path));
        for (var attempt = 1; !overwrite && File.Exists(path); attempt++)
        {
            if (await HasContentAsync(path, image, cancellationToken))
            {
                return name;
            }

            name = $"{stem} ({attempt}){ending}";
            path = Path.Combine(folder, name);
        }

        var partial = Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
        try
        {
            if (content is null)
            {
                await using var file = PrivateFiles.Write(partial, FileMode.CreateNew);
                await image.CopyToAsync(file, cancellationToken);
            }
            else if (await content() is { } bytes)
            {
                await PrivateFiles.WriteAsync(partial, bytes, cancellationToken);
            }
            else
            {
                return name;
            }

            // A reader never sees half a file.
            File.Move(partial, path, overwrite: true);
            return name;
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static async Task<bool> HasContentAsync(string path, IFormFile image, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        if (file.Length != image.Length)
        {
            return false;
        }

        await using var upload = image.OpenReadStream();
        var (ours, theirs) = (new byte[1 << 16], new byte[1 << 16]);
        while (true)
        {
            var length = await file.ReadAtLeastAsync(ours, ours.Length, throwOnEndOfStream: false, cancellationToken);
            var other = await upload.ReadAtLeastAsync(theirs, theirs.Length, throwOnEndOfStream: false, cancellationToken);
            if (!ours.AsSpan(0, length).SequenceEqual(theirs.AsSpan(0, other)))
            {
                return false;
            }

            if (length < ours.Length)
            {
                return true;
            }
        }
    }
}
