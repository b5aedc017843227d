using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Outbound;

namespace ComfyServe.Api.Outputs.S3;

/// <summary>Finds the mistakes of a request's object store that show without calling it.</summary>
internal static class S3Check
{
    private const int LongestKey = 1024;
    private const int LongestBucket = 255;
    private const int LongestRegion = 64;

    /// <summary>Field and mistake of each; the field is null where several together are meant. Secrets are not quoted.</summary>
    /// <param name="asked">The request's store.</param>
    /// <param name="own">The service's, which fills what is blank.</param>
    public static IEnumerable<(string? Field, string Message)> Problems(S3Target? asked, S3Target own)
    {
        if (asked is null)
        {
            yield break;
        }

        foreach (var problem in Forms(asked))
        {
            yield return problem;
        }

        var (hasKey, hasSecret) = (asked.AccessKeyId.Length > 0, asked.SecretAccessKey.Length > 0);
        if (hasKey != hasSecret)
        {
            yield return (hasKey ? "secret_access_key" : "access_key_id", "Give both of access_key_id and secret_access_key, or neither");
            yield break;
        }

        var elsewhere = asked.EndpointUrl.Length > 0 && asked.EndpointUrl.TrimEnd('/') != own.EndpointUrl.TrimEnd('/');
        if (elsewhere && !hasKey)
        {
            yield return (null, "endpoint_url names another store than the service's; its keys are not sent there. Give access_key_id and secret_access_key as well");
            yield break;
        }

        // Blank fields alone choose nothing; with any other the request means a store.
        if (hasKey || elsewhere || asked.BucketName.Length > 0 || asked.Region.Length > 0)
        {
            foreach (var (field, given, filled) in ((string, string, string)[])
                [("access_key_id", asked.AccessKeyId, own.AccessKeyId), ("secret_access_key", asked.SecretAccessKey, own.SecretAccessKey), ("bucket_name", asked.BucketName, own.BucketName)])
            {
                if (given.Length == 0 && filled.Length == 0)
                {
                    yield return (field, "Field required: neither the request nor the service has it");
                }
            }
        }
    }

    private static IEnumerable<(string? Field, string Message)> Forms(S3Target asked)
    {
        if (asked.EndpointUrl.Length > 0 && WebUrl.Parse(asked.EndpointUrl) is not { UserInfo: "", Query: "", Fragment: "" })
        {
            yield return ("endpoint_url", "Input should be an absolute http or https URL without user, query and fragment, for example https://s3.example.com");
        }

        if (asked.BucketName.Length > 0 && !IsBucket(asked.BucketName))
        {
            yield return ("bucket_name", "Input should be a bucket's name: letters, digits, '.', '-' and '_', beginning with a letter or digit");
        }

        if (asked.Region.Length > LongestRegion || asked.Region.Any(static c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
        {
            yield return ("region", "Input should be a region's name: letters, digits and '-'");
        }

        foreach (var (field, key) in ((string, string)[])[("access_key_id", asked.AccessKeyId), ("secret_access_key", asked.SecretAccessKey)])
        {
            if (key.Length > LongestKey || key.Any(static c => c is <= ' ' or > '~'))
            {
                yield return (field, "Input should have no blanks, line breaks or other characters than printable ASCII");
            }
        }
    }

    private static bool IsBucket(string name) =>
        name.Length <= LongestBucket && char.IsAsciiLetterOrDigit(name[0]) && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') && !name.Contains("..", StringComparison.Ordinal);
}
