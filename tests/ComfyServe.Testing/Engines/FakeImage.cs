using System.Text;

namespace ComfyServe.Testing.Engines;

/// <summary>Small files that tests can recognise by their bytes.</summary>
public static class FakeImage
{
    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Bytes that begin like a PNG, hold <paramref name="mark"/> and are <paramref name="size"/> long (at least what the mark needs).</summary>
    public static byte[] Png(string mark, int size = 256)
    {
        var text = Encoding.UTF8.GetBytes(mark);
        var bytes = new byte[Math.Max(size, Signature.Length + text.Length)];
        Signature.CopyTo(bytes, 0);
        text.CopyTo(bytes, Signature.Length);
        return bytes;
    }
}
