using System.Buffers;
using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace ComfyServe.Api.Outputs.S3;

/// <summary>
/// An S3-compatible object store. Small objects go in one request, larger ones in parts; either way no more than two parts are held in memory,
/// and a part that failed is sent again.
/// </summary>
internal sealed class S3ObjectStore(S3Settings settings, IAmazonS3 client, TimeProvider time) : IObjectStore, IDisposable
{
    /// <summary>Size of a part. At most 10,000 of them make an object: 80 GiB.</summary>
    internal const int PartSize = 8 << 20;

    /// <inheritdoc/>
    public bool IsRemote => true;

    /// <inheritdoc/>
    public string UrlOf(string key, TimeSpan lifetime) => SigV4Presigner.Sign(settings, key, time.GetUtcNow(), lifetime);

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    /// <inheritdoc/>
    public async Task<string> PutAsync(string key, Stream content, string contentType, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PartSize);
        try
        {
            var length = await content.ReadAtLeastAsync(buffer.AsMemory(0, PartSize), PartSize, throwOnEndOfStream: false, cancellationToken);
            if (length < PartSize)
            {
                await PutWholeAsync(key, buffer, length, contentType, cancellationToken);
            }
            else
            {
                await PutPartsAsync(key, buffer, content, contentType, cancellationToken);
            }

            return "";
        }
        catch (AmazonServiceException e)
        {
            throw new ObjectStoreException(Explain(e), e);
        }
        catch (Exception e) when (e is HttpRequestException or AmazonClientException or WebException or IOException)
        {
            throw new ObjectStoreException($"the object store cannot be reached: {e.GetType().Name}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ObjectStoreException("the object store did not answer in time", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task PutWholeAsync(string key, byte[] buffer, int length, string contentType, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream(buffer, 0, length, writable: false);
        await client.PutObjectAsync(
            new()
            {
                BucketName = settings.Bucket,
                Key = key,
                InputStream = bytes,
                ContentType = contentType,
                AutoCloseStream = false,
                UseChunkEncoding = false,
            },
            cancellationToken);
    }

    private async Task PutPartsAsync(string key, byte[] first, Stream content, string contentType, CancellationToken cancellationToken)
    {
        var begun = await client.InitiateMultipartUploadAsync(new() { BucketName = settings.Bucket, Key = key, ContentType = contentType }, cancellationToken);
        var second = ArrayPool<byte>.Shared.Rent(PartSize);
        try
        {
            var parts = new List<PartETag>();
            var (full, spare) = (first, second);
            var length = PartSize;
            while (length > 0)
            {
                // One part is sent while the next one is read.
                var sending = PutPartAsync(begun, parts.Count + 1, full, length, cancellationToken);
                var reading = length < PartSize ? Task.FromResult(0) : ReadAsync(content, spare, cancellationToken);
                await Task.WhenAll(sending, reading);
                parts.Add(await sending);
                length = await reading;
                (full, spare) = (spare, full);
            }

            await client.CompleteMultipartUploadAsync(new() { BucketName = settings.Bucket, Key = key, UploadId = begun.UploadId, PartETags = parts }, cancellationToken);
        }
        catch
        {
            await AbortAsync(begun);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(second);
        }
    }

    private static Task<int> ReadAsync(Stream content, byte[] buffer, CancellationToken cancellationToken) =>
        content.ReadAtLeastAsync(buffer.AsMemory(0, PartSize), PartSize, throwOnEndOfStream: false, cancellationToken).AsTask();

    private async Task<PartETag> PutPartAsync(InitiateMultipartUploadResponse begun, int number, byte[] buffer, int length, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream(buffer, 0, length, writable: false);
        var part = await client.UploadPartAsync(
            new()
            {
                BucketName = begun.BucketName ?? settings.Bucket,
                Key = begun.Key,
                UploadId = begun.UploadId,
                PartNumber = number,
                InputStream = bytes,
                PartSize = length,
                UseChunkEncoding = false,
            },
            cancellationToken);
        return new(number, part.ETag);
    }

    /// <summary>Parts of an upload that was not completed would be paid for.</summary>
    private async Task AbortAsync(InitiateMultipartUploadResponse begun)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10), time);
        try
        {
            await client.AbortMultipartUploadAsync(new() { BucketName = settings.Bucket, Key = begun.Key, UploadId = begun.UploadId }, patience.Token);
        }
        catch (Exception e) when (e is AmazonServiceException or HttpRequestException or OperationCanceledException)
        {
            // The store's own clean-up of unfinished uploads must do.
        }
    }

    /// <summary>The store's code and nothing else: its messages quote keys and signatures.</summary>
    private string Explain(AmazonServiceException e) => e.ErrorCode switch
    {
        "NoSuchBucket" => $"NoSuchBucket: the bucket '{settings.Bucket}' does not exist",
        "AccessDenied" => $"AccessDenied: the keys may not write to the bucket '{settings.Bucket}'",
        "InvalidAccessKeyId" => "InvalidAccessKeyId: the object store does not know the access key id",
        "SignatureDoesNotMatch" => "SignatureDoesNotMatch: the secret access key is wrong, or the region",
        { Length: > 0 } code => $"{code}: the object store answered {(int)e.StatusCode}",
        _ => $"the object store answered {(int)e.StatusCode}",
    };
}
