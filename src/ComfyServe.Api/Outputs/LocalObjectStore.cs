using System.Buffers;
using ComfyServe.Hosting.Files;
using Microsoft.Win32.SafeHandles;

namespace ComfyServe.Api.Outputs;

/// <summary>The embedded object store: files below one folder, served by this service behind signed, expiring URLs.</summary>
internal sealed class LocalObjectStore(string folder, UrlSigner signer)
{
    /// <summary>Folder of the objects.</summary>
    public string Folder { get; } = Path.GetFullPath(folder);

    /// <summary>The store as seen by one request.</summary>
    /// <param name="publicUrl">Scheme, host and port that URLs begin with.</param>
    public IObjectStore For(string publicUrl) => new View(this, publicUrl);

    /// <summary>Path of an object; null when the key is not a key or nothing is stored there.</summary>
    public string? Find(string key)
    {
        if (!ObjectKey.IsValid(key))
        {
            return null;
        }

        var path = PathOf(key);
        return File.Exists(path) ? path : null;
    }

    private string Sign(string key, TimeSpan lifetime) => signer.Sign(key, lifetime);

    private string PathOf(string key)
    {
        var path = Path.GetFullPath(Path.Combine(Folder, key));
        return path.StartsWith(Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? path : throw new ObjectStoreException("the key leaves the object store");
    }

    private async Task<string> PutAsync(string key, Stream content, CancellationToken cancellationToken)
    {
        if (!ObjectKey.IsValid(key))
        {
            throw new ObjectStoreException("not a valid key for an object");
        }

        var path = PathOf(key);
        var partial = Path.Combine(Path.GetDirectoryName(path)!, $".{Guid.NewGuid():N}.part");
        try
        {
            PrivateFiles.OwnFolder(Folder);
            PrivateFiles.CreateFolder(Path.GetDirectoryName(path)!);
            using (var file = PrivateFiles.Write(partial, FileMode.CreateNew, FileShare.None, bufferSize: 0))
            {
                await CopyAsync(content, file.SafeFileHandle, cancellationToken);
            }

            File.Move(partial, path, overwrite: true);
        }
        catch (Exception e)
        {
            File.Delete(partial);
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new ObjectStoreException($"cannot write to the embedded object store: {Reason(e)}", e);
            }

            throw;
        }

        return path;
    }

    private static async Task CopyAsync(Stream content, SafeFileHandle file, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(128 << 10);
        try
        {
            var written = 0L;
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
            {
                // Linux writes files synchronously; the asynchronous call only moves the same write to another thread.
                RandomAccess.Write(file, buffer.AsSpan(0, read), written);
                written += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string Reason(Exception e) => (e.HResult & 0xFFFF) == 28 ? "no space left on the device" : e.GetType().Name;

    private sealed class View(LocalObjectStore store, string publicUrl) : IObjectStore
    {
        public bool IsRemote => false;

        public Task<string> PutAsync(string key, Stream content, string contentType, CancellationToken cancellationToken) =>
            store.PutAsync(key, content, cancellationToken);

        public string UrlOf(string key, TimeSpan lifetime) => publicUrl + store.Sign(key, lifetime);
    }
}
