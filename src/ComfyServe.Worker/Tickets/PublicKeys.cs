using System.Security.Cryptography;

namespace ComfyServe.Worker.Tickets;

/// <summary>The gateway's public key, and for a while the one before it. Thread-safe.</summary>
internal sealed class PublicKeys(TimeProvider time)
{
    private static readonly TimeSpan FormerLife = TimeSpan.FromMinutes(2);

    // Swapped as a whole by the key loop, read by requests. Keys are left to the finaliser: a request may still use one.
    private volatile Held? _held;

    /// <summary>Whether there is a key.</summary>
    public bool Any => _held is not null;

    /// <summary>The keys that tickets may be signed with now.</summary>
    public IEnumerable<RSA> Current
    {
        get
        {
            if (_held is not { } held)
            {
                yield break;
            }

            yield return held.Key;
            if (held.Former is { } former && time.GetElapsedTime(held.Since) < FormerLife)
            {
                yield return former;
            }
        }
    }

    /// <summary>Takes the gateway's key, PEM.</summary>
    /// <returns>Whether it is another than before.</returns>
    /// <exception cref="CryptographicException">The text is no RSA public key.</exception>
    public bool Take(string pem)
    {
        var key = RSA.Create();
        try
        {
            key.ImportFromPem(pem);
        }
        catch (ArgumentException error)
        {
            key.Dispose();
            throw new CryptographicException("The text has no public key in PEM form", error);
        }

        var text = key.ExportSubjectPublicKeyInfoPem();
        if (_held?.Text == text)
        {
            key.Dispose();
            return false;
        }

        _held = new Held(key, text, _held?.Key, time.GetTimestamp());
        return true;
    }

    private sealed record Held(RSA Key, string Text, RSA? Former, long Since);
}
