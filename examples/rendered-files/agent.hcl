# vault agent -config=agent.hcl, beside the app. It keeps the token and the lease; the app reads a file.
vault {
  address = "https://vault.internal:8200"
}

auto_auth {
  method "approle" {
    mount_path = "auth/approle"
    config = {
      role_id_file_path                   = "/etc/agent/role-id"
      secret_id_file_path                 = "/etc/agent/secret-id"
      remove_secret_id_file_after_reading = false
    }
  }
}

template {
  contents    = "{{ with secret \"database/creds/app\" }}{\"username\":\"{{ .Data.username }}\",\"password\":\"{{ .Data.password }}\"}{{ end }}"
  destination = "/vault/secrets/db.json"
  # Not `exec` at the top of this file, which would start the app anew for each user. A signal only makes the app look at once; without it, it
  # looks when the folder changes.
  exec {
    command = ["pkill", "-HUP", "--full", "app.js"]
  }
}
