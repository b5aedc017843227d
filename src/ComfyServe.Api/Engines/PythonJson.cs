using System.Text.Json;

namespace ComfyServe.Api.Engines;

/// <summary>Parses JSON as Python writes it: with bare <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>, which become <c>null</c>.</summary>
internal static class PythonJson
{
    /// <summary>Parses a reply. Throws <see cref="JsonException"/> when it is not JSON even so.</summary>
    public static JsonDocument Parse(byte[] reply)
    {
        try
        {
            return JsonDocument.Parse(reply);
        }
        catch (JsonException) when (reply.AsSpan().IndexOf("NaN"u8) >= 0 || reply.AsSpan().IndexOf("Infinity"u8) >= 0)
        {
            return JsonDocument.Parse(Replace(reply));
        }
    }

    private static byte[] Replace(ReadOnlySpan<byte> reply)
    {
        using var written = new MemoryStream(reply.Length);
        var inText = false;
        for (var i = 0; i < reply.Length; i++)
        {
            var c = reply[i];
            if (inText)
            {
                if (c == '\\' && i + 1 < reply.Length)
                {
                    written.WriteByte(c);
                    c = reply[++i];
                }
                else
                {
                    inText = c != '"';
                }
            }
            else if (Bare(reply[i..]) is var bare and > 0)
            {
                written.Write("null"u8);
                i += bare - 1;
                continue;
            }
            else
            {
                inText = c == '"';
            }

            written.WriteByte(c);
        }

        return written.ToArray();
    }

    private static int Bare(ReadOnlySpan<byte> rest)
    {
        if (rest.StartsWith("NaN"u8))
        {
            return 3;
        }

        if (rest.StartsWith("Infinity"u8))
        {
            return 8;
        }

        return rest.StartsWith("-Infinity"u8) ? 9 : 0;
    }
}
