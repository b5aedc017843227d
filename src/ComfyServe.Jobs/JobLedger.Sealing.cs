using System.Security.Cryptography;

namespace ComfyServe.Jobs;

/// <content>What is sealed, and to which record.</content>
public sealed partial class JobLedger
{
    private const string PayloadPart = "payload";
    private const string ResultPart = "result";

    private byte[] Seal(ReadOnlyMemory<byte> plain, JobKey key, string part) => _sealer.Seal(plain.Span, Place(key, part));

    private byte[] Open(ReadOnlyMemory<byte> box, JobKey key, string part)
    {
        try
        {
            return _sealer.Open(box.Span, Place(key, part));
        }
        catch (CryptographicException) when (key.Owner is not null)
        {
            return _sealer.Open(box.Span, Place(key with { Owner = null }, part)); // written when an id was one for all owners
        }
    }

    private JobRecord OpenPayload(JobRecord record) => record with { Payload = Open(record.Payload, record.Key, PayloadPart) };

    private JobRecord OpenWhole(JobRecord record) => OpenPayload(record) with
    {
        Result = record.Result.IsEmpty ? default(ReadOnlyMemory<byte>) : Open(record.Result, record.Key, ResultPart),
    };

    /// <summary>The record that a box can be opened at. The owner's length keeps owner and id apart, whatever characters they have.</summary>
    private static string Place(JobKey key, string part) => key.Owner is { } owner ? $"job/{owner.Length}:{owner}/{key.Id}/{part}" : $"job/{key.Id}/{part}";
}
