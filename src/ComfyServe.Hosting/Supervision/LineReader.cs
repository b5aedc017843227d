using System.Text;

namespace ComfyServe.Hosting.Supervision;

/// <summary>Reads what a program writes, line by line. A line without an end takes no more memory than a long one.</summary>
internal static class LineReader
{
    /// <summary>Characters of a line that are kept.</summary>
    public const int Longest = 8192;

    /// <summary>Reads until the stream ends.</summary>
    /// <param name="stream">What the program writes, UTF-8.</param>
    /// <param name="take">Receives each line.</param>
    public static void Read(Stream stream, Action<string> take)
    {
        var (decoder, bytes, characters, line) = (Encoding.UTF8.GetDecoder(), new byte[4096], new char[4100], new StringBuilder());
        for (int read; (read = stream.Read(bytes)) > 0;)
        {
            var count = decoder.GetChars(bytes, 0, read, characters, 0);
            for (var i = 0; i < count; i++)
            {
                if (characters[i] == '\n')
                {
                    take(line.ToString().TrimEnd('\r'));
                    line.Clear();
                }
                else if (line.Length < Longest)
                {
                    line.Append(characters[i]);
                }
            }
        }

        if (line.Length > 0)
        {
            take(line.ToString());
        }
    }
}
